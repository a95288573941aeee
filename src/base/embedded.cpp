#include "base/embedded.h"

namespace aig {
namespace detail {
struct EmbeddedRow {
    const char* name;
    const char* begin;
    const char* end;
};
extern const EmbeddedRow embedded_rows[];
extern const unsigned long embedded_count;
}  // namespace detail

std::string_view embedded_file(std::string_view name) {
    for (unsigned long i = 0; i < detail::embedded_count; ++i) {
        const auto& row = detail::embedded_rows[i];
        if (name == row.name) return {row.begin, static_cast<size_t>(row.end - row.begin)};
    }
    return {};
}

std::vector<std::string_view> embedded_names(std::string_view prefix) {
    std::vector<std::string_view> out;
    for (unsigned long i = 0; i < detail::embedded_count; ++i)
        if (std::string_view name = detail::embedded_rows[i].name; name.starts_with(prefix)) out.push_back(name);
    return out;
}
}  // namespace aig
