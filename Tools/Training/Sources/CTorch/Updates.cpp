#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "Handle.hpp"

using namespace ctorch;

ct_error ct_copy(ct_tensor *target, const ct_tensor *source) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    target->value.copy_(source->value);
  });
}

ct_error ct_lerp(
    ct_tensor *const *targets, const ct_tensor *const *sources, int count, double weight) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    if (count > 0) at::_foreach_lerp_(values(targets, count), values(sources, count), weight);
  });
}

ct_error ct_adam(
    ct_tensor *const *parameters, const ct_tensor *const *gradients, ct_tensor *const *means,
    ct_tensor *const *squares, int count, int64_t step, double rate, const double *scales,
    double beta1, double beta2, double epsilon) {
  return guarded([&] {
    if (count == 0) return;
    c10::NoGradGuard unrecorded;
    auto p = values(parameters, count);
    auto g = values(gradients, count);
    auto m = values(means, count);
    auto v = values(squares, count);
    at::_foreach_lerp_(m, g, 1 - beta1);
    at::_foreach_mul_(v, beta2);
    at::_foreach_addcmul_(v, g, g, 1 - beta2);
    auto correction1 = 1 - std::pow(beta1, static_cast<double>(step));
    auto correction2 = std::sqrt(1 - std::pow(beta2, static_cast<double>(step)));
    auto root = at::_foreach_sqrt(v);
    at::_foreach_div_(root, correction2);
    at::_foreach_add_(root, epsilon);
    if (!scales) {
      at::_foreach_addcdiv_(p, m, root, -rate / correction1);
      return;
    }
    std::vector<at::Scalar> rates;
    for (int i = 0; i < count; i++) rates.emplace_back(-rate * scales[i] / correction1);
    at::_foreach_addcdiv_(p, m, root, rates);
  });
}
