// Empty: CTorch includes the C++ headers; this target brings the flags of torch.pc.
