#include "app/secrets.h"

#include <cstdlib>

namespace aig::app {
namespace {
std::string variable(const char* name) {
    const char* text = std::getenv(name);
    return text ? text : "";
}
}  // namespace

store::SealOptions seal_options(std::string data_dir) {
    return {std::move(data_dir), variable("AIG_SECRET_KEY"), variable("AIG_SECRET_KEY_OLD")};
}

records::Seal seal_replies(const store::Sealer& sealer) {
    return {[&sealer](std::string_view plain, std::string_view bound_to) { return sealer.seal(plain, bound_to); },
            [&sealer](std::string_view sealed, std::string_view bound_to) { return sealer.unseal(sealed, bound_to); }};
}

}  // namespace aig::app
