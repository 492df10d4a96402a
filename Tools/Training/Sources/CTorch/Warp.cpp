#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/grid_sampler_2d.h>
#include <ATen/ops/grid_sampler_2d_backward.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "Handle.hpp"

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::Variable;
using torch::autograd::variable_list;

namespace {

constexpr int64_t bilinear = 0, zeros_outside = 0;

/// LibTorch differentiates its sampler once. Sampling is linear in the image, so that its gradient is
/// the transposed map, whose gradient is sampling: two functions that name each other.
struct Sampled : Function<Sampled> {
  static Variable forward(AutogradContext *context, const Variable &x, const Variable &grid) {
    context->save_for_backward({grid});
    context->saved_data["shape"] = x.sizes().vec();
    return at::grid_sampler_2d(x, grid, bilinear, zeros_outside, /*align_corners=*/false);
  }
  static variable_list backward(AutogradContext *context, variable_list slopes);
};

struct Spread : Function<Spread> {
  static Variable forward(
      AutogradContext *context, const Variable &slope, const Variable &grid,
      const std::vector<int64_t> &shape) {
    context->save_for_backward({grid});
    auto x = at::zeros(shape, slope.options());
    return std::get<0>(at::grid_sampler_2d_backward(
        slope, x, grid, bilinear, zeros_outside, /*align_corners=*/false, {true, false}));
  }
  static variable_list backward(AutogradContext *context, variable_list slopes) {
    auto grid = context->get_saved_variables()[0];
    return {Sampled::apply(slopes[0], grid), Variable(), Variable()};
  }
};

variable_list Sampled::backward(AutogradContext *context, variable_list slopes) {
  auto grid = context->get_saved_variables()[0];
  auto shape = context->saved_data["shape"].toIntVector();
  return {Spread::apply(slopes[0], grid, shape), Variable()};
}

}  // namespace

ct_error ct_warp(
    const ct_tensor *x, const ct_tensor *places, int64_t height, int64_t width, ct_tensor **out) {
  return guarded([&] {
    const at::Tensor &image = x->value;
    std::array<int64_t, 4> shape{image.size(0), image.size(1), height, width};
    auto grid = at::affine_grid_generator(places->value, shape, /*align_corners=*/false);
    *out = wrap(Sampled::apply(image, grid));
  });
}
