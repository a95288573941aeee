#include "catalogue/settings.h"

#include <array>

namespace aig::catalogue {
namespace {
namespace s = settings;
using settings::Reader;

constexpr int64_t hour_ms = 3'600'000;

/// The token prices of a group.
#define AIG_TOKEN_PRICE_ROWS(at)                                                                                    \
    s::decimal(at ".input_per_million", "", "USD for a million input tokens."),                                     \
        s::decimal(at ".cached_input_per_million", "",                                                              \
                   "The same, read from the provider's prompt cache (default: input's)."),                          \
        s::decimal(at ".cache_write_per_million", "", "The same, written to it for 5 minutes (default: input's)."), \
        s::decimal(at ".cache_write_1h_per_million", "",                                                            \
                   "The same, written to it for an hour (default: cache_write's)."),                                \
        s::decimal(at ".output_per_million", "", "USD for a million output tokens."),                               \
        s::decimal(at ".reasoning_per_million", "", "USD for a million reasoning tokens (default: output's)."),     \
        s::decimal(at ".per_request", "", "USD for one call; alone, or on top of tokens.")

/// All price keys below one group.
#define AIG_PRICE_ROWS(at)                                                                                            \
    AIG_TOKEN_PRICE_ROWS(at),                                                                                         \
        s::named(at ".above",                                                                                         \
                 "Prices of long contexts: above so many input tokens these hold for the whole request; what is not " \
                 "given stays as it is."),                                                                            \
        s::group(at ".above.*", "One step, named by its number of input tokens."),                                    \
        AIG_TOKEN_PRICE_ROWS(at ".above.*"), s::decimal(at ".per_image", "", "USD for one image."),                   \
        s::named(at ".images", "By `size` or `size/quality`, as in `1024x1024/hd`, where sizes differ in price."),    \
        s::decimal(at ".images.*", "", "USD for one such image."),                                                    \
        s::decimal(at ".per_second", "", "USD for one second of audio or video."),                                    \
        s::decimal(at ".per_minute", "", "The same for a minute, where that is how it is sold."),                     \
        s::decimal(at ".per_millisecond", "", "USD for one millisecond."),                                            \
        s::decimal(at ".per_1k_characters", "", "USD for a thousand characters."),                                    \
        s::decimal(at ".per_page", "", "USD for one page."),                                                          \
        s::decimal(at ".per_1k_pages", "", "The same for a thousand pages."),                                         \
        s::decimal(at ".per_tool_call", "", "USD for one call of a provider's own tool."),                            \
        s::named(at ".tools", "By the tool's name, where tools differ in price."),                                    \
        s::decimal(at ".tools.*", "", "USD for one call of it.")

constexpr std::array rows{
    s::named("providers",
             "Who answers the calls. A name in data/providers.json needs only its key; any other name says its wire "
             "and address."),
    s::group("providers.*", "One provider."),
    s::text("providers.*.api_key", "", "The key; write `${env:NAME}` or `${file:PATH}`.").secret(),
    s::list("providers.*.api_keys", "Several keys instead of one; calls are spread over them by weight."),
    s::group("providers.*.api_keys[]", "One key."),
    s::text("providers.*.api_keys[].key", "", "The key.").required().secret(),
    s::integer("providers.*.api_keys[].weight", "1", "Its share of the calls.").range(1, 1000),
    s::text("providers.*.access_key", "",
            "Of Amazon: the access key's id, with its secret as `api_key`. Calls are then signed (SigV4).")
        .secret(),
    s::text("providers.*.session_token", "", "Of Amazon: the token of temporary credentials.").secret(),
    s::text("providers.*.api_keys[].access_key", "", "Of Amazon: the access key's id, with its secret as `key`.")
        .secret(),
    s::text("providers.*.api_keys[].session_token", "", "Of Amazon: the token of temporary credentials.").secret(),
    s::text("providers.*.region", "",
            "Of clouds that have some, as in `us-east-1`; stands in for `{region}` in `base_url`."),
    s::text("providers.*.account", "", "The same for `{account}`."),
    s::text("providers.*.project", "", "The same for `{project}`."),
    s::text("providers.*.wire", "",
            "What it speaks: `openai-chat`, `openai-responses`, `anthropic`, ... Known providers have theirs."),
    s::texts("providers.*.also",
             "Further wires it speaks at the same address: callers of that family get their bytes through unchanged."),
    s::text("providers.*.base_url", "", "Everything before the wire's own path, as in `https://api.example.com/v1`."),
    s::choice("providers.*.auth", "", "How the key is sent (default: what the wire uses; `none` without a key).")
        .words("bearer|x-api-key|x-goog-api-key|api-key|sigv4|google_oauth|none"),
    s::group("providers.*.timeouts", "How long to wait for it."),
    s::duration("providers.*.timeouts.connect", "2s", "For the connection, TLS included.").range(10, 60'000),
    s::duration("providers.*.timeouts.first_byte", "60s", "For the first byte of the reply.").range(100, hour_ms),
    s::duration("providers.*.timeouts.total", "600s", "For the whole call.").range(1'000, 6 * hour_ms),
    s::text("providers.*.proxy", "",
            "`http://host:port`, or `none` (default: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment)."),
    s::text("providers.*.ca_file", "", "PEM file of the authorities to trust instead of the system's."),
    s::integer("providers.*.max_concurrency", "",
               "Calls in flight at once; more go to the next target or wait in line up to 10 s.")
        .range(1, 1'000'000),
    s::texts("providers.*.quirks",
             "What is odd about it: `no_stream_options`, `max_completion_tokens`, `no_developer_role`, "
             "`no_parallel_tool_calls`, `no_encrypted_reasoning`, `reasoning_back`, `completions` (it serves legacy "
             "text completions too)."),
    s::named("providers.*.headers", "Fixed extra headers of every call to it."),
    s::text("providers.*.headers.*", "", "The header's value."),

    s::named("models",
             "The public catalogue. Without this section: the rows of data/models.json that the configured providers "
             "serve, at their list prices."),
    s::group("models.*", "One model; its name is what callers write."),
    s::text("models.*.name", "", "Shown to people (default: the id)."),
    s::text("models.*.owned_by", "", "Shown in the list (default: what stands before the id's `/`)."),
    s::choice("models.*.modality", "text", "What it makes.")
        .words("text|embedding|image|video|music|3d|stt|tts|moderation|rerank|realtime"),
    s::integer("models.*.context", "0", "Tokens of input and output together; 0 = unknown.").range(0, 100'000'000),
    s::integer("models.*.max_output", "0", "Most output tokens; 0 = unknown.").range(0, 10'000'000),
    s::texts("models.*.capabilities",
             "What it can do (`vision`, `audio`, `function_calling`, `reasoning`). When given, it is complete: a call "
             "that needs "
             "vision, audio or tools of a model without them is refused before it costs."),
    s::choice("models.*.tokenizer", "", "Whose tokens it counts in, for estimates (default: guessed from the id).")
        .words("openai|claude|gemini|llama|other"),
    s::boolean("models.*.listed", "true", "Stands in `GET /v1/models`; it can be called either way."),
    s::list("models.*.targets", "Who serves it.").required(),
    s::group("models.*.targets[]", "One way to serve it."),
    s::text("models.*.targets[].provider", "", "A configured provider's name.").required(),
    s::text("models.*.targets[].model", "", "The provider's own id of the model.").required(),
    s::integer("models.*.targets[].priority", "0", "Lower ones are tried first.").range(0, 1000),
    s::integer("models.*.targets[].weight", "1", "Its share among targets of the same priority.").range(1, 1000),
    s::texts("models.*.targets[].quirks",
             "What is odd about this model there, on top of the provider's quirks: `adaptive_thinking`, `no_sampling`, "
             "`system_in_messages`, `no_output_format`, or one of theirs."),
    s::group("models.*.targets[].cost", "The operator's own cost, for margin reports; callers never pay it."),
    AIG_PRICE_ROWS("models.*.targets[].cost"),
    s::group("models.*.price",
             "What callers pay before the fee, in USD, as decimal text exact at 10^-12 USD per unit. A model without a "
             "price stops the start; "
             "`\"0\"` is a price.")
        .required(),
    AIG_PRICE_ROWS("models.*.price"),

    s::named("aliases", "Other names of models."),
    s::text("aliases.*", "", "The model's id.").required(),
};
#undef AIG_PRICE_ROWS
#undef AIG_TOKEN_PRICE_ROWS

/// A group's prices with their groups flattened: "above.200000.input_per_million".
PriceConfig price(const Reader& r, std::string_view name) {
    PriceConfig out;
    const auto g = r.group(name);
    for (auto& [key, text] : g.values()) out[key] = text;
    for (const std::string group : {"images", "tools"})
        for (auto& [variant, text] : g.values(group)) out[group + "." + variant] = text;
    for (const auto& [step, tier] : g.named("above"))
        for (auto& [key, text] : tier.values()) out["above." + step + "." + key] = text;
    return out;
}

ProviderConfig provider(const std::string& name, const Reader& r) {
    ProviderConfig p;
    p.name = name;
    p.wire = r.text("wire");
    p.base_url = r.text("base_url");
    p.also = r.texts("also");
    p.auth = r.text("auth");
    for (const auto& k : r.list("api_keys"))
        p.keys.push_back(
            {k.text("key"), k.number("weight").value_or(1), k.text("access_key"), k.text("session_token")});
    if (r.present("api_key"))
        p.keys.insert(p.keys.begin(), {r.text("api_key"), 1, r.text("access_key"), r.text("session_token")});
    p.region = r.text("region");
    p.account = r.text("account");
    p.project = r.text("project");
    const auto t = r.group("timeouts");
    p.connect_ms = t.number("connect");
    p.first_byte_ms = t.number("first_byte");
    p.total_ms = t.number("total");
    p.proxy = r.text("proxy");
    p.ca_file = r.text("ca_file");
    p.max_concurrency = r.number("max_concurrency");
    p.quirks = r.texts("quirks");
    p.headers = r.values("headers");
    return p;
}

TargetConfig target(const Reader& r) {
    return {r.text("provider"), r.text("model"),  r.number("priority").value_or(0), r.number("weight").value_or(1),
            price(r, "cost"),   r.texts("quirks")};
}

ModelConfig model(const std::string& id, const Reader& r) {
    ModelConfig m;
    m.id = id;
    m.name = r.text("name");
    m.owned_by = r.text("owned_by");
    m.modality = r.text("modality");
    m.tokenizer = r.text("tokenizer");
    m.context = r.number("context").value_or(0);
    m.max_output = r.number("max_output").value_or(0);
    m.capabilities = r.texts("capabilities");
    m.listed = r.flag("listed");
    for (const auto& t : r.list("targets")) m.targets.push_back(target(t));
    m.price = price(r, "price");
    return m;
}
}  // namespace

std::span<const settings::Setting> settings_rows() { return rows; }

Config read_config(const Reader& root) {
    Config c;
    for (const auto& [name, r] : root.named("providers")) c.providers.push_back(provider(name, r));
    if (root.present("models")) {
        c.models.emplace();
        for (const auto& [id, r] : root.named("models")) c.models->push_back(model(id, r));
    }
    for (auto& [alias, id] : root.values("aliases")) c.aliases[alias] = id;
    return c;
}
}  // namespace aig::catalogue
