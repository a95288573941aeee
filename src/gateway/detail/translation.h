// The translated lane as a Relay: reply bytes -> the wire's decoder -> canonical events -> the dialect's renderer ->
// caller bytes. Keeps the same Facts that a lossless tap keeps, so that the attempt loop need not know which lane it is
// in.
#pragma once

#include <memory>

#include "canon/dialect.h"
#include "canon/wire.h"
#include "gateway/detail/sealing.h"

namespace aig::gateway {

/// With `sealing` state is sealed and remembered on its way (gateway/detail/sealing.h); without it passes as it is.
std::unique_ptr<canon::Relay> translate(std::unique_ptr<canon::Decoder> decoder,
                                        std::unique_ptr<canon::Renderer> renderer,
                                        std::unique_ptr<Sealing> sealing = nullptr);

}  // namespace aig::gateway
