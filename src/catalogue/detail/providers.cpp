#include "catalogue/detail/providers.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/nearest.h"
#include "catalogue/detail/quirks.h"
#include "provider/google/service_account.h"

namespace aig::catalogue {
namespace {
/// Every wire name of the configuration contract; which of them are built says the resolver.
constexpr std::string_view wire_names[] = {
    "openai-chat",    "openai-responses", "anthropic", "gemini", "vertex",       "vertex-anthropic",      "bedrock",
    "bedrock-invoke", "cohere",           "mistral",   "ollama", "azure-openai", "azure-openai-responses"};

constexpr std::pair<std::string_view, Auth> auth_names[] = {
    {"bearer", Auth::bearer},   {"x-api-key", Auth::x_api_key}, {"x-goog-api-key", Auth::x_goog_api_key},
    {"api-key", Auth::api_key}, {"sigv4", Auth::sigv4},         {"google_oauth", Auth::google_oauth},
    {"none", Auth::none}};

/// How a wire's own vendor wants its key.
std::string_view usual_auth(std::string_view wire) {
    if (wire == "anthropic") return "x-api-key";
    if (wire == "gemini") return "x-goog-api-key";
    if (wire == "vertex" || wire == "vertex-anthropic") return "google_oauth";
    if (wire.starts_with("azure-")) return "api-key";
    return "bearer";
}

/// Goes into a header line: printable ASCII only, so that no secret can break out of it.
bool header_safe(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

class Maker {
  public:
    Maker(const ProviderConfig& config, const Data& data, Faults& faults)
        : c_(config), data_(data), faults_(faults), where_("providers." + config.name) {
        if (const auto at = data.providers.find(c_.name); at != data.providers.end()) facts_ = &at->second;
    }

    ProviderPtr make(const WireResolver& wire, std::map<std::string, size_t, std::less<>>& ids) {
        p_->name = c_.name;
        set_wire(wire);
        set_other_wires(wire);
        set_base_url();
        set_auth();
        set_keys();
        p_->proxy = c_.proxy;
        p_->ca_file = c_.ca_file;
        p_->connect_ms = c_.connect_ms.value_or(p_->connect_ms);
        p_->first_byte_ms = c_.first_byte_ms.value_or(p_->first_byte_ms);
        p_->total_ms = c_.total_ms.value_or(p_->total_ms);
        p_->max_concurrency = c_.max_concurrency;
        p_->keys_rest = c_.keys_rest;
        if (facts_) p_->cancel_bills_full = facts_->cancel_bills_full;
        set_own_quirks();
        set_headers();
        set_id(ids);
        return p_;
    }

  private:
    void fault(std::string_view member, std::string message) {
        faults_.add(member.empty() ? where_ : where_ + "." + std::string(member), std::move(message));
    }

    void set_wire(const WireResolver& wire) {
        p_->wire_name = !c_.wire.empty() || !facts_ ? c_.wire : facts_->wire;
        if (p_->wire_name.empty()) {
            std::vector<std::string_view> known;
            for (const auto& [name, facts] : data_.providers) known.push_back(name);
            return fault(
                "",
                fmt::format(
                    "'{}' is not a provider this version knows{}; a provider of your own needs `wire` and `base_url`",
                    c_.name, did_you_mean(c_.name, known)));
        }
        p_->wire = resolve("wire", p_->wire_name, wire);
    }

    const canon::Wire* resolve(std::string_view member, const std::string& name, const WireResolver& wire) {
        const auto* found = wire(name);
        if (found) return found;
        const bool planned = std::find(std::begin(wire_names), std::end(wire_names), name) != std::end(wire_names);
        fault(member, planned ? fmt::format("the wire '{}' is not in this version", name)
                              : fmt::format("there is no wire '{}'{}", name, did_you_mean(name, wire_names)));
        return nullptr;
    }

    /// A known provider's further wires are those of its own wire's address.
    void set_other_wires(const WireResolver& wire) {
        std::vector<std::string> names = c_.also;
        if (facts_ && c_.wire.empty()) names.insert(names.end(), facts_->also.begin(), facts_->also.end());
        for (const auto& name : names)
            if (const auto* found = resolve("also", name, wire)) p_->also.push_back(found);
    }

    void set_base_url() {
        std::string url = !c_.base_url.empty() || !facts_ ? c_.base_url : facts_->base_url;
        while (url.ends_with('/')) url.pop_back();
        set_places(url);
        p_->base_url = url;
        if (url.empty()) {
            if (!p_->wire_name.empty())
                fault("base_url",
                      "is missing: everything before the wire's own path, as in https://api.example.com/v1");
            return;
        }
        const bool scheme = url.starts_with("https://") || url.starts_with("http://");
        if (!scheme || !header_safe(url) || url.size() > 1024)
            fault("base_url", "must begin with https:// or http://");
        else if (url.find_first_of("@?#") != std::string::npos)
            fault("base_url", "must not hold a user, a query or a fragment");
        else if (const auto host = url.substr(url.find("//") + 2);
                 host.empty() || host.front() == '/' || host.front() == ':')
            fault("base_url", "has no host");
    }

    /// Stands in a host name or a path, so it may only be made of what those are made of.
    static bool is_place(std::string_view text) {
        return text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char ch) {
                   return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                          ch == '-' || ch == '_' || ch == '.';
               });
    }

    /// "{region}" and the like in an address become what the operator says.
    void set_places(std::string& url) {
        p_->region = c_.region;
        const std::pair<std::string_view, std::string_view> places[] = {
            {"region", c_.region}, {"account", c_.account}, {"project", c_.project}};
        for (const auto& [name, value] : places) {
            const std::string place = fmt::format("{{{}}}", name);
            size_t at = url.find(place);
            if (at != std::string::npos && value.empty()) fault(name, "is missing: the provider's address needs it");
            if (!is_place(value)) {
                fault(name, "is made of letters, digits, '-', '_' and '.'");
                continue;
            }
            for (; at != std::string::npos; at = url.find(place, at)) url.replace(at, place.size(), value);
        }
    }

    bool has_access_keys() const {
        return std::any_of(c_.keys.begin(), c_.keys.end(), [](const auto& k) { return !k.access_key.empty(); });
    }

    void set_auth() {
        std::string word = c_.auth;
        if (word.empty() && facts_) word = facts_->auth;
        if (word.empty() && has_access_keys()) word = "sigv4";
        if (word.empty()) word = c_.keys.empty() && !facts_ ? "none" : usual_auth(p_->wire_name);
        std::vector<std::string_view> known;
        for (const auto& [name, auth] : auth_names) {
            known.push_back(name);
            if (name != word) continue;
            p_->auth = auth;
            return;
        }
        fault("auth", fmt::format("there is no way of authentication '{}'{}", word, did_you_mean(word, known)));
    }

    /// A service account's file, whole: it is tried here, so that a broken one stops the start and not the first call.
    std::shared_ptr<const canon::Grant> account_at(const std::string& at, const std::string& json) {
        auto grant = provider::google::google_grant(json);
        if (grant) return *std::move(grant);
        fault(at, grant.error().message());
        return nullptr;
    }

    void set_keys() {
        if (c_.keys.size() > max_keys)
            return fault("api_keys", fmt::format("at most {} keys for one provider", max_keys));
        for (const auto& k : c_.keys) {
            const auto at = c_.keys.size() == 1 ? std::string("api_key") : fmt::format("api_keys[{}]", p_->keys.size());
            std::shared_ptr<const canon::Grant> grant;
            if (k.secret.empty())
                fault(at, "is empty");
            else if (p_->auth == Auth::google_oauth && provider::google::is_service_account(k.secret))
                grant = account_at(at, k.secret);
            else if (!header_safe(k.secret) || k.secret.size() > 4096)
                fault(at, "holds a space, a line end or another character no key has");
            if (k.weight < 1 || k.weight > 1000) fault(at, "weight must be 1 to 1000");
            if (!header_safe(k.access_key) || !header_safe(k.session_token) || k.session_token.size() > 16'384)
                fault(at, "access_key or session_token hold a character that none has");
            if (p_->auth == Auth::sigv4 && k.access_key.empty())
                fault(at, "calls are signed (sigv4), and its access_key is missing");
            p_->keys.push_back({k.secret, k.weight, p_->keys.size(), k.access_key, k.session_token, std::move(grant)});
        }
        if (p_->auth == Auth::sigv4 && p_->region.empty()) fault("region", "is missing, as in us-east-1");
        if (!p_->keys.empty()) return;
        if (p_->auth != Auth::none) {
            const auto env = facts_ && !facts_->env.empty() ? facts_->env : std::string("NAME");
            fault("", fmt::format("has no key: set api_key: ${{env:{}}}", env));
        }
        p_->keys.push_back({"", 1, 0, {}, {}, {}});
    }

    void set_own_quirks() {
        std::vector<std::string> words = c_.quirks;
        if (facts_) words.insert(words.end(), facts_->quirks.begin(), facts_->quirks.end());
        set_quirks(p_->quirks, words, where_ + ".quirks", faults_);
    }

    void set_headers() {
        p_->headers = c_.headers;
        if (facts_) p_->headers.insert(p_->headers.end(), facts_->headers.begin(), facts_->headers.end());
        for (const auto& [name, value] : p_->headers) {
            const bool clean = std::all_of(value.begin(), value.end(), [](char ch) { return ch >= ' ' && ch < 0x7f; });
            if (name.empty() || !header_safe(name) || name.find(':') != std::string::npos || !clean)
                fault("headers", fmt::format("'{}' is not a header", name));
        }
    }

    void set_id(std::map<std::string, size_t, std::less<>>& ids) {
        const auto [at, fresh] = ids.emplace(p_->name + "\n" + p_->base_url, ids.size());
        p_->id = at->second;
        if (p_->id >= max_providers)
            fault("", fmt::format("more than {} different providers since the start: restart", max_providers));
    }

    const ProviderConfig& c_;
    const Data& data_;
    Faults& faults_;
    std::string where_;
    const ProviderFacts* facts_ = nullptr;
    std::shared_ptr<Provider> p_ = std::make_shared<Provider>();
};
}  // namespace

const canon::Wire& Provider::wire_for(canon::Family caller) const {
    if (wire->carries(caller, quirks)) return *wire;
    for (const auto* w : also)
        if (w->carries(caller, quirks)) return *w;
    return *wire;
}

Providers::Providers(const std::vector<ProviderConfig>& configs, const Data& data, const WireResolver& wire,
                     std::map<std::string, size_t, std::less<>>& ids, Faults& faults) {
    for (const auto& c : configs) {
        if (c.name.empty() || c.name.size() > 64 || !header_safe(c.name))
            faults.add("providers", "a provider's name has 1 to 64 characters without spaces");
        auto made = Maker(c, data, faults).make(wire, ids);
        if (!by_name_.emplace(c.name, std::move(made)).second)
            faults.add("providers." + c.name, "this provider stands here twice");
    }
}

ProviderPtr Providers::find(std::string_view name) const {
    const auto at = by_name_.find(name);
    return at == by_name_.end() ? nullptr : at->second;
}

std::vector<ProviderPtr> Providers::all() const {
    std::vector<ProviderPtr> out;
    for (const auto& [name, p] : by_name_) out.push_back(p);
    return out;
}

std::vector<std::string_view> Providers::names() const {
    std::vector<std::string_view> out;
    for (const auto& [name, p] : by_name_) out.push_back(name);
    return out;
}
}  // namespace aig::catalogue
