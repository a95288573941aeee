// Any bytes as a configuration file: never a crash, never a hang, and either a configuration or at least one fault.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/config.h"
#include "provider/registry.h"

namespace {
const aig::app::Sources sources{
    [](const std::string& name) -> std::optional<std::string> {
        return name.size() > 4 ? std::optional<std::string>() : std::optional<std::string>("value of " + name);
    },
    [](const std::string&) -> aig::Result<std::string> { return std::string("content\n"); }};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto loaded =
        aig::app::parse_config(text, sources, [](std::string_view name) { return aig::provider::wire(name); });
    if ((loaded.config == nullptr) != !loaded.faults.empty()) std::abort();
    if (aig::app::render_faults("f", loaded.faults).size() > 1'000'000) std::abort();
    return 0;
}
