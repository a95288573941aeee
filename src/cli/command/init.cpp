// `aig init`: writes the client's config file after the gateway has accepted the key.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/ids.h"
#include "base/json.h"
#include "cli/detail/account.h"
#include "cli/detail/builders.h"
#include "cli/detail/http.h"

namespace aig::cli {
namespace {
/// Never half-written and never readable by others, not even for a moment: a new file of mode 0600, then a rename.
Status write_private(const std::string& path, std::string_view text) {
    const auto folder = std::filesystem::path(path).parent_path();
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    const auto fresh = path + "." + random_base62(8);
    const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (fd >= 0) ::close(fd);
    if (written && ::rename(fresh.c_str(), path.c_str()) == 0) return {};
    ::unlink(fresh.c_str());
    return Error(ErrorCode::bad_request, fmt::format("{} cannot be written.", path));
}

Status init(const Context& context, const Account& flags) {
    Account account = flags;
    if (account.key.empty()) account.key = context.env("AIG_API_KEY");
    if (account.url.empty()) account.url = context.env("AIG_BASE_URL");
    if (account.url.empty() || account.key.empty())
        return Error(ErrorCode::bad_param, "Give --url URL and --key K (or AIG_BASE_URL and AIG_API_KEY).");
    const auto path = client_config_file(context);
    if (path.empty())
        return Error(ErrorCode::bad_param, "There is no home folder to keep it in: set HOME or XDG_CONFIG_HOME.");
    TRY(const auto reply, http_call({.base_url = account.url, .target = "/v1/models", .bearer = account.key}));
    if (reply.status != 200) return gateway_error(reply.status, reply.body);
    std::string text;
    JsonWriter(text).begin_object().field("url", account.url).field("key", account.key).end_object();
    TRYV(write_private(path, text + "\n"));
    context.out << fmt::format("Kept in {}. Now: aig call \"hello\"\n", path);
    return {};
}
}  // namespace

Action build_init(Spec& spec) {
    auto flags = std::make_shared<Account>();
    spec.text("--url", "URL", flags->url, "the gateway (AIG_BASE_URL)");
    spec.text("--key", "K", flags->key, "the API key (AIG_API_KEY, which keeps it out of the shell's history)");
    return [flags](const Context& c) {
        const auto done = init(c, *flags);
        return done ? exit_ok : fail(c, done.error());
    };
}

}  // namespace aig::cli
