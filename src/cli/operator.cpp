#include "cli/detail/operator.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/printable.h"
#include "cli/detail/http.h"

namespace aig::cli {
namespace {
constexpr std::string_view default_data_dir = "./data";
constexpr int64_t admin_timeout_ms = 600'000;  // verifying a long journal takes its time

class UrlTransport final : public AdminTransport {
  public:
    UrlTransport(std::string url, std::string token) : url_(std::move(url)), token_(std::move(token)) {}
    Result<AdminReply> call(AdminRequest r) override {
        const auto target = r.query.empty() ? r.path : r.path + "?" + r.query;
        TRY(auto reply, http_call({.method = r.method,
                                   .base_url = url_,
                                   .target = target,
                                   .bearer = token_,
                                   .body = r.body,
                                   .timeout_ms = admin_timeout_ms}));
        return AdminReply{reply.status, std::move(reply.body)};
    }

  private:
    std::string url_, token_;
};

class SocketTransport final : public AdminTransport {
  public:
    explicit SocketTransport(std::string path) : path_(std::move(path)) {}
    Result<AdminReply> call(AdminRequest r) override {
        const auto target = r.query.empty() ? r.path : r.path + "?" + r.query;
        TRY(auto reply, http_over_socket(path_, {.method = r.method,
                                                 .base_url = "",
                                                 .target = target,
                                                 .bearer = "",
                                                 .body = r.body,
                                                 .timeout_ms = admin_timeout_ms}));
        return AdminReply{reply.status, std::move(reply.body)};
    }

  private:
    std::string path_;
};

Result<Place> place_of(const Operator& o) {
    if (!o.place.config_file.empty() && !o.place.data_dir.empty())
        return Error(ErrorCode::bad_param, "Give --config or --data, not both.");
    if (!o.place.config_file.empty() || !o.place.data_dir.empty()) return o.place;
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::path(default_data_dir) / "aig.db", ignored))
        return Place{"", std::string(default_data_dir)};
    return Error(ErrorCode::bad_param,
                 "Whose books? Give --config FILE, --data DIR, or --url ADMIN_URL with --admin-token.");
}

/// An in-process answer needs the lock; a server that is just starting or stopping holds it while its socket does not
/// answer.
Result<AdminReply> ask_here(const Context& context, const Place& place, const std::string& folder,
                            AdminRequest request) {
    if (!context.hooks.open_in_process)
        return Error(ErrorCode::upstream_unreachable, fmt::format("No gateway runs on {}.", folder));
    // The person at the terminal gets the reply; the log of what was done is for a server.
    log::configure(log::Format::text, log::Level::warn);
    auto opened = context.hooks.open_in_process(place);
    if (!opened && opened.error().code() == ErrorCode::conflict)
        return Error(
            ErrorCode::conflict,
            fmt::format(
                "Another process holds {} but does not answer at {}. It may be starting or stopping: try again, "
                "or use its --url.",
                folder, admin_socket(folder)));
    if (!opened) return std::move(opened).error();
    return (*opened)->call(std::move(request));
}

Result<AdminReply> reach(const Context& context, const Operator& o, AdminRequest request) {
    if (!o.url.empty()) {
        const auto token = o.token.empty() ? context.env("AIG_ADMIN_TOKEN") : o.token;
        if (token.empty())
            return Error(ErrorCode::bad_param, "--url needs --admin-token T (or AIG_ADMIN_TOKEN in the environment).");
        return UrlTransport(o.url, token).call(std::move(request));
    }
    TRY(const Place place, place_of(o));
    std::string folder = place.data_dir;
    if (folder.empty()) {
        if (!context.hooks.data_dir) return Error(ErrorCode::not_in_version, "This binary reads no configuration.");
        TRY(folder, context.hooks.data_dir(place));
    }
    auto served = SocketTransport(admin_socket(folder)).call(request);
    if (served || served.error().code() != ErrorCode::upstream_unreachable) return served;
    return ask_here(context, place, folder, std::move(request));
}

Error refusal(const AdminReply& reply) {
    if (reply.status == 401 || reply.status == 403)
        return Error(ErrorCode::scope_denied,
                     "The admin token is missing or wrong. Give this gateway's with --admin-token (it lies in "
                     "admin.token in its data folder).");
    auto doc = JsonDoc::parse(reply.json);
    const auto e = doc ? doc->root()["error"] : JsonRef();
    auto message = e["message"].text().empty() ? fmt::format("The admin API answered {}.", reply.status)
                                               : std::string(e["message"].text());
    // Every path asked here exists on an admin listener.
    if (reply.status == 404 && e["code"].text() != "resource_not_found")
        message += " Is --url the admin listener's address?";
    return Error(ErrorCode::bad_request, std::move(message));
}

/// Pages through a list until it ends; the items as raw JSON.
Result<std::vector<std::string>> all_pages(const Context& context, const Operator& o, std::string path,
                                           std::string_view member, const std::string& filter, int64_t most) {
    std::vector<std::string> items;
    std::string after;
    do {
        auto query = fmt::format("limit={}", std::min<int64_t>(1000, most - std::ssize(items))) + filter +
                     (after.empty() ? "" : "&after=" + percent_encode(after));
        TRY(const auto reply, ask(context, o, {"GET", path, std::move(query), ""}));
        TRY(const auto doc, JsonDoc::parse(reply));
        for (const JsonRef item : doc.root()[member]) items.emplace_back(item.raw());
        after = doc.root()["next"].text();
    } while (!after.empty() && std::ssize(items) < most);
    return items;
}
}  // namespace

std::string admin_socket(const std::string& data_dir) { return data_dir + "/admin.sock"; }

void operator_options(Spec& spec, Operator& o) {
    spec.text("--config", "FILE", o.place.config_file, "the gateway's configuration: its data folder is used");
    spec.text("--data", "DIR", o.place.data_dir, "the data folder itself (./data)");
    spec.text("--url", "ADMIN_URL", o.url, "the admin listener of a running gateway");
    spec.text("--admin-token", "T", o.token, "its token (or AIG_ADMIN_TOKEN in the environment)");
    spec.toggle("--json", o.json, "print one JSON object");
}

Result<std::string> ask(const Context& context, const Operator& o, AdminRequest request) {
    TRY(auto reply, reach(context, o, std::move(request)));
    if (reply.status < 200 || reply.status > 299) return refusal(reply);
    return std::move(reply.json);
}

int ask_and_print(const Context& context, const Operator& o, AdminRequest request,
                  const std::function<void(JsonRef)>& say) {
    auto reply = ask(context, o, std::move(request));
    if (!reply) return fail(context, reply.error());
    auto doc = JsonDoc::parse(*reply);
    if (!doc)
        return fail(context, Error(ErrorCode::upstream_garbage,
                                   "The answer is not JSON: is this the admin URL of an aig gateway?"));
    if (o.json)
        context.out << *reply << "\n";
    else
        say(doc->root());
    return exit_ok;
}

std::string cell(JsonRef v) {
    if (v.is_null()) return "-";
    if (!v.is_string()) return printable(v.raw());
    return v.text().empty() ? "-" : printable(v.text());
}

int print_list(const Context& context, const Operator& o, std::string path, std::string_view member,
               const std::string& filter, const std::vector<std::string>& columns, int64_t most) {
    auto items = all_pages(context, o, std::move(path), member, filter, most);
    if (!items) return fail(context, items.error());
    if (o.json) {
        std::string out;
        JsonWriter w(out);
        w.begin_object().key(member).begin_array();
        for (const auto& item : *items) w.raw(item);
        w.end_array().end_object();
        context.out << out << "\n";
        return exit_ok;
    }
    std::vector<std::vector<std::string>> rows{columns};
    for (const auto& item : *items) {
        auto doc = JsonDoc::parse(item);
        if (!doc) continue;
        std::vector<std::string> row;
        for (const auto& c : columns) row.push_back(cell(doc->root()[c]));
        rows.push_back(std::move(row));
    }
    print_table(context.out, rows);
    return exit_ok;
}

int print_table_of(const Context& context, const Operator& o, std::string path, std::string_view member,
                   const std::vector<std::string>& columns) {
    return ask_and_print(context, o, {"GET", std::move(path), "", ""}, [&](JsonRef r) {
        std::vector<std::vector<std::string>> rows{columns};
        for (const JsonRef item : r[member]) {
            std::vector<std::string> row;
            for (const auto& c : columns) row.push_back(cell(item[c]));
            rows.push_back(std::move(row));
        }
        print_table(context.out, rows);
    });
}

void say_members(std::ostream& out, JsonRef object) {
    size_t width = 0;
    for (const JsonRef m : object) width = std::max(width, m.key().size());
    for (const JsonRef m : object) out << fmt::format("{:<{}}  {}\n", m.key(), width, cell(m));
}

void say_wallet(std::ostream& out, JsonRef w) {
    out << fmt::format("balance    {} {}\nheld       {}\navailable  {}\n", w["balance"].text(), w["currency"].text(),
                       w["held"].text(), w["available"].text());
    if (w["frozen"].boolean()) out << "frozen     takes no new call\n";
}

void write_list(JsonWriter& w, std::string_view comma_separated) {
    w.begin_array();
    while (true) {
        const auto comma = comma_separated.find(',');
        w.string(comma_separated.substr(0, comma));
        if (comma == std::string_view::npos) break;
        comma_separated.remove_prefix(comma + 1);
    }
    w.end_array();
}

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
    std::vector<size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
        while (line.ends_with(' ')) line.pop_back();
        out << line << "\n";
    }
}

}  // namespace aig::cli
