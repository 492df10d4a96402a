#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/diag_embed.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "Handle.hpp"

using namespace ctorch;

/// Sums over rows, in double precision; a column of ones behind the inputs is the intercept's.
struct ct_normal_s {
  at::Tensor inputs, outputs, squares, sums;
  int64_t rows = 0;
};

ct_normal *ct_normal_new(void) { return new ct_normal_s; }

void ct_normal_free(ct_normal *n) { delete n; }

ct_error ct_normal_add(ct_normal *n, const ct_tensor *x, const ct_tensor *y) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    auto a = x->value.to(at::kCPU, at::kDouble), b = y->value.to(at::kCPU, at::kDouble);
    TORCH_CHECK(a.dim() == 2 && b.dim() == 2 && a.size(0) == b.size(0), "rows of ", a.sizes());
    a = at::cat({a, at::ones({a.size(0), 1}, a.options())}, 1);
    if (n->rows == 0) {
      n->inputs = at::zeros({a.size(1), a.size(1)}, a.options());
      n->outputs = at::zeros({a.size(1), b.size(1)}, a.options());
      n->squares = at::zeros({b.size(1)}, a.options());
      n->sums = at::zeros({b.size(1)}, a.options());
    }
    n->inputs.addmm_(a.t(), a);
    n->outputs.addmm_(a.t(), b);
    n->squares += b.square().sum(0);
    n->sums += b.sum(0);
    n->rows += a.size(0);
  });
}

ct_error ct_normal_solve(
    const ct_normal *n, const ct_tensor *start, double ridge, ct_tensor **out_weight,
    ct_tensor **out_bias, double *unexplained) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    TORCH_CHECK(n->rows > 0, "no rows to fit");
    auto width = n->inputs.size(0);
    auto first = at::zeros({width, n->outputs.size(1)}, n->inputs.options());
    if (start) {
      first.narrow(0, 0, width - 1).copy_(start->value.to(at::kCPU, at::kDouble).t());
    }
    // The intercept is free. Inputs that are always 0 need a little of their own.
    auto diagonal = n->inputs.diagonal();
    auto pull = diagonal * ridge + diagonal.mean() * 1e-9;
    pull[width - 1] = 0;
    auto found = first +
        at::linalg_solve(
            n->inputs + at::diag_embed(pull), n->outputs - at::matmul(n->inputs, first));
    auto rest = n->squares - (found * n->outputs).sum(0) * 2 +
        (found * at::matmul(n->inputs, found)).sum(0);
    auto all = n->squares - n->sums.square() / n->rows;
    *unexplained = (rest.sum() / all.sum()).item<double>();
    auto floats = [](const at::Tensor &t) { return wrap(t.to(at::kFloat).contiguous()); };
    *out_weight = floats(found.narrow(0, 0, width - 1).t());
    *out_bias = floats(found[width - 1]);
  });
}

ct_error ct_normal_curve(
    const ct_normal *n, const int64_t *order, int64_t count, double ridge, ct_tensor **out) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    TORCH_CHECK(n->rows > 0, "no rows to fit");
    // The intercept comes first: it explains the mean. Each column of the Cholesky factor is what an
    // input adds to those before it.
    auto last = n->inputs.size(0) - 1;
    std::vector<int64_t> all{last};
    all.insert(all.end(), order, order + count);
    auto index = at::tensor(all);
    auto inputs = n->inputs.index_select(0, index).index_select(1, index);
    auto pull = inputs.diagonal() * ridge + inputs.diagonal().mean() * 1e-9;
    auto factor = at::linalg_cholesky(inputs + at::diag_embed(pull));
    auto parts = at::linalg_solve_triangular(factor, n->outputs.index_select(0, index), false);
    auto explained = parts.square().sum(1).cumsum(0);
    auto squares = n->squares.sum();
    auto left = (squares - explained) / (squares - explained[0]);
    *out = wrap(left.to(at::kFloat).contiguous());
  });
}
