#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/clone.h>
#include <ATen/ops/div.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/square.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>

#include "Handle.hpp"

using namespace ctorch;

ct_error ct_unary(ct_unary_kind kind, const ct_tensor *t, ct_tensor **out) {
  return guarded([&] {
    const at::Tensor &x = t->value;
    at::Tensor y;
    switch (kind) {
      case CT_NEG: y = at::neg(x); break;
      case CT_SQUARE: y = at::square(x); break;
      case CT_SQRT: y = at::sqrt(x); break;
      case CT_RSQRT: y = at::rsqrt(x); break;
      case CT_ABS: y = at::abs(x); break;
      case CT_SOFTPLUS: y = at::softplus(x); break;
      case CT_SUM: y = at::sum(x); break;
      case CT_MEAN: y = at::mean(x); break;
      case CT_DETACH: y = x.detach(); break;
      case CT_CLONE: y = at::clone(x); break;
      case CT_CONTIGUOUS: y = x.contiguous(); break;
      case CT_CHANNELS_LAST: y = x.contiguous(at::MemoryFormat::ChannelsLast); break;
      case CT_GELU: y = at::gelu(x); break;
      case CT_FLOAT32: y = x.to(at::kFloat); break;
      case CT_SIGMOID: y = at::sigmoid(x); break;
    }
    TORCH_CHECK(y.defined(), "an operation of an unknown kind");
    *out = wrap(std::move(y));
  });
}

ct_error ct_binary(
    ct_binary_kind kind, const ct_tensor *a, const ct_tensor *b, ct_tensor **out) {
  return guarded([&] {
    at::Tensor y;
    switch (kind) {
      case CT_ADD: y = at::add(a->value, b->value); break;
      case CT_SUB: y = at::sub(a->value, b->value); break;
      case CT_MUL: y = at::mul(a->value, b->value); break;
      case CT_DIV: y = at::div(a->value, b->value); break;
      case CT_MATMUL: y = at::matmul(a->value, b->value); break;
    }
    TORCH_CHECK(y.defined(), "an operation of an unknown kind");
    *out = wrap(std::move(y));
  });
}

ct_error ct_scalar(ct_scalar_kind kind, const ct_tensor *t, double value, ct_tensor **out) {
  return guarded([&] {
    at::Tensor y;
    switch (kind) {
      case CT_ADD_SCALAR: y = at::add(t->value, value); break;
      case CT_MUL_SCALAR: y = at::mul(t->value, value); break;
      case CT_LEAKY_RELU: y = at::leaky_relu(t->value, value); break;
    }
    TORCH_CHECK(y.defined(), "an operation of an unknown kind");
    *out = wrap(std::move(y));
  });
}

ct_error ct_clamp(const ct_tensor *t, double low, double high, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::clamp(t->value, low, high)); });
}

ct_error ct_reduce(
    const ct_tensor *t, const int64_t *axes, int count, bool keep, bool mean, ct_tensor **out) {
  return guarded([&] {
    auto over = list(axes, count);
    *out = wrap(mean ? at::mean(t->value, over, keep) : at::sum(t->value, over, keep));
  });
}
