#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include "Handle.hpp"

using namespace ctorch;

ct_error ct_set_requires_grad(ct_tensor *t, bool value) {
  return guarded([&] { t->value.set_requires_grad(value); });
}

bool ct_requires_grad(const ct_tensor *t) { return t->value.requires_grad(); }

bool ct_set_grad_enabled(bool value) {
  bool before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(value);
  return before;
}

ct_error ct_grad(
    const ct_tensor *loss, const ct_tensor *const *inputs, int count, bool keep_graph,
    bool create_graph, ct_tensor **out) {
  return guarded([&] {
    auto gradients = torch::autograd::grad(
        {loss->value}, values(inputs, count), /*grad_outputs=*/{},
        /*retain_graph=*/keep_graph || create_graph, create_graph, /*allow_unused=*/true);
    for (int i = 0; i < count; i++) {
      auto &gradient = gradients[static_cast<size_t>(i)];
      out[i] = gradient.defined() ? wrap(std::move(gradient)) : nullptr;
    }
  });
}
