#include "cli/detail/account.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/json.h"

namespace aig::cli {
namespace {
constexpr size_t max_file = 64 * 1024;

std::string under(const std::string& xdg, const std::string& home, std::string_view in_home, std::string_view file) {
    if (!xdg.empty()) return fmt::format("{}/aig/{}", xdg, file);
    return home.empty() ? "" : fmt::format("{}/{}/aig/{}", home, in_home, file);
}

/// The file's JSON; nothing when it cannot be read or is no JSON object.
std::optional<JsonDoc> read_json(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (path.empty() || !in) return {};
    std::string text(max_file, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(in.gcount()));
    auto doc = JsonDoc::parse(text);
    if (!doc || !doc->root().is_object()) return {};
    return *std::move(doc);
}

Account from_config(const Context& context) {
    const auto doc = read_json(client_config_file(context));
    if (!doc) return {};
    return {std::string(doc->root()["url"].text()), std::string(doc->root()["key"].text())};
}

Account from_last_dev(const Context& context) {
    const auto doc = read_json(last_dev_file(context));
    if (!doc) return {};
    return {std::string(doc->root()["url"].text()), std::string(doc->root()["keys"]["sk-aig-"].text())};
}

void fill(Account& account, const Account& from) {
    // A key belongs to its gateway: never send the one of another file to a URL that was given.
    if (account.url.empty()) {
        account.url = from.url;
        if (account.key.empty()) account.key = from.key;
    } else if (account.key.empty() && account.url == from.url) {
        account.key = from.key;
    }
}
}  // namespace

std::string client_config_file(const Context& context) {
    return under(context.env("XDG_CONFIG_HOME"), context.env("HOME"), ".config", "config.json");
}
std::string last_dev_file(const Context& context) {
    return under(context.env("XDG_STATE_HOME"), context.env("HOME"), ".local/state", "dev.json");
}

std::string last_dev_file() {
    const auto env = [](const char* name) {
        const char* v = std::getenv(name);
        return std::string(v ? v : "");
    };
    return under(env("XDG_STATE_HOME"), env("HOME"), ".local/state", "dev.json");
}

void account_options(Spec& spec, Account& flags) {
    spec.text("--url", "URL", flags.url, "the gateway (AIG_BASE_URL, the config file, the last aig dev)");
    spec.text("--key", "K", flags.key, "the API key (AIG_API_KEY, the config file, the last aig dev)");
}

Result<Account> find_account(const Context& context, const Account& flags, bool needs_key) {
    Account found = flags;
    if (found.url.empty()) found.url = context.env("AIG_BASE_URL");
    if (found.key.empty()) found.key = context.env("AIG_API_KEY");
    fill(found, from_config(context));
    fill(found, from_last_dev(context));
    if (found.url.empty())
        return Error(
            ErrorCode::bad_param,
            "No gateway is known. Start one with 'aig dev' in another terminal, or give --url URL and --key K.");
    if (needs_key && found.key.empty())
        return Error(ErrorCode::auth_missing,
                     "No API key is known for this gateway. Give --key K, set AIG_API_KEY, or run aig init.");
    return found;
}

Error gateway_error(int status, std::string_view body) {
    std::string message;
    if (auto doc = JsonDoc::parse(body)) {
        const auto e = doc->root()["error"];
        for (const JsonRef m : {e["message"], doc->root()["message"], e})
            if (message.empty() && m.is_string()) message = m.text();
    }
    if (message.empty()) message = body.substr(0, 500);
    // The gateway's messages say themselves what to do next.
    return Error(ErrorCode::bad_request, fmt::format("{} ({})", message, status));
}

}  // namespace aig::cli
