// The translated lane as a Relay: reply bytes -> the wire's decoder -> canonical events -> the dialect's renderer ->
// caller bytes. Keeps the same Facts that a lossless tap keeps, so that the attempt loop need not know which lane it is
// in.
#pragma once

#include <memory>

#include "canon/dialect.h"
#include "canon/wire.h"

namespace aig::gateway {

std::unique_ptr<canon::Relay> translate(std::unique_ptr<canon::Decoder> decoder,
                                        std::unique_ptr<canon::Renderer> renderer);

}  // namespace aig::gateway
