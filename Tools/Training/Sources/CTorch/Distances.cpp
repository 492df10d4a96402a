#include <ATen/TensorOperators.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/diag_embed.h>
#include <ATen/ops/kthvalue.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/pow.h>
#include <c10/core/GradMode.h>

#include "Handle.hpp"

using namespace ctorch;

static at::Tensor doubles(const ct_tensor *t) {
  auto x = t->value.detach().to(at::kCPU, at::kDouble);
  TORCH_CHECK(x.dim() == 2 && x.size(0) >= 2, "features of shape ", x.sizes());
  return x;
}

ct_error ct_frechet_distance(const ct_tensor *a, const ct_tensor *b, double *out) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    auto x = doubles(a), y = doubles(b);
    auto m1 = x.mean(0), m2 = y.mean(0);
    auto s1 = at::matmul((x - m1).t(), x - m1) / x.size(0);
    auto s2 = at::matmul((y - m2).t(), y - m2) / y.size(0);
    // (S1 S2)^(1/2) has the trace of (R S2 R)^(1/2) with R = S1^(1/2), which is symmetric.
    auto [values, vectors] = at::linalg_eigh(s1);
    auto root = at::matmul(vectors * values.clamp_min(0).sqrt(), vectors.t());
    auto mixed = at::linalg_eigvalsh(at::matmul(at::matmul(root, s2), root));
    auto shared = mixed.clamp_min(0).sqrt().sum();
    auto distance = (m1 - m2).square().sum() + s1.trace() + s2.trace() - shared * 2;
    *out = distance.item<double>();
  });
}

ct_error ct_kernel_distance(const ct_tensor *a, const ct_tensor *b, double *out) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    auto x = doubles(a), y = doubles(b);
    auto n = static_cast<double>(x.size(0)), d = static_cast<double>(x.size(1));
    TORCH_CHECK(x.size(0) == y.size(0), "sets of ", x.size(0), " and ", y.size(0));
    auto kernel = [&](const at::Tensor &p, const at::Tensor &q) {
      return at::pow(at::matmul(p, q.t()) / d + 1, 3);
    };
    auto xx = kernel(x, x), yy = kernel(y, y), xy = kernel(x, y);
    auto within = (xx.sum() - xx.trace() + yy.sum() - yy.trace()) / (n * (n - 1));
    *out = (within - xy.sum() * 2 / (n * n)).item<double>();
  });
}

ct_error ct_coverage(const ct_tensor *centres, const ct_tensor *points, int64_t k, double *out) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    auto x = doubles(centres), y = doubles(points);
    TORCH_CHECK(x.size(0) > k, "the ", k, "th neighbour among ", x.size(0));
    // The nearest of all is the centre itself.
    auto radii = std::get<0>(at::kthvalue(at::cdist(x, x), k + 1, 1));
    auto inside = at::cdist(y, x).le(radii.unsqueeze(0)).any(1);
    *out = inside.to(at::kDouble).mean().item<double>();
  });
}

ct_error ct_eigen(const ct_tensor *matrix, ct_tensor **out_values, ct_tensor **out_vectors) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    auto [values, vectors] = at::linalg_eigh(doubles(matrix));
    auto options = matrix->value.options();
    auto first = values.to(options), second = vectors.to(options);
    *out_values = wrap(std::move(first));
    *out_vectors = wrap(std::move(second));
  });
}
