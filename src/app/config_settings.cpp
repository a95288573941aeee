#include "app/config_settings.h"

#include <array>

namespace aig::app {
namespace {
namespace s = settings;

constexpr std::array rows{
    s::text("data_dir", "./data", "Folder of the database, the admin token and the lock; made when missing.")
        .range(1, 4096)
        .restart(),
    s::choice("database", "sqlite",
              "Where the ledger lives: `sqlite` is a file in data_dir; PostgreSQL is not in this version.")
        .only_value("sqlite")
        .restart(),
    s::text("redis", "", "Shared limits of several nodes.").not_built().restart(),
    s::choice("files", "local", "Where job files lie: `local` is data_dir; S3 is not in this version.")
        .only_value("local")
        .restart(),

    s::group("server", "Listeners."),
    s::address("server.listen", "127.0.0.1:8080", "Address of the public API.").restart(),
    s::address("server.admin_listen", "127.0.0.1:8081",
               "Address of the admin API, health and metrics; keep it private.")
        .restart(),
    s::text("server.admin_token", "",
            "Bearer token of the admin API; without one it is made once into data_dir/admin.token.")
        .range(16, 4096)
        .secret()
        .restart(),
    s::integer("server.threads", "auto", "Event loops; `auto` is one per core.").words("auto").range(1, 1024).restart(),
    s::url("server.public_url", "", "How callers reach this server, for links (default: http:// and `listen`).")
        .restart(),
    s::url("server.media_url", "", "How callers reach job files.").not_built(),
    s::group("server.tls", "HTTPS on `listen`; without it put a proxy in front."),
    s::text("server.tls.cert", "", "PEM file of the certificate chain.").restart(),
    s::text("server.tls.key", "", "PEM file of its private key.").restart(),
    s::texts("server.trusted_proxies",
             "Addresses and CIDR blocks of proxies whose X-Forwarded-For or Forwarded is believed.")
        .restart(),
    s::integer("server.max_connections", "10000",
               "Open connections; further ones are closed at once. A call takes two file descriptors, "
               "its caller's and its provider's: where the system allows too few, the log says so at the start.")
        .range(1, 1'000'000)
        .restart(),
    s::size("server.max_body", "32MiB", "Largest request body.").range(1 << 10, 1 << 30).restart(),
    s::size("server.body_memory", "256MiB",
            "Memory for the request bodies of all calls together; beyond it 503, before reading.")
        .range(1 << 20, int64_t{1} << 40)
        .restart(),

    s::group("log", "The operational log, to standard error. Prompts and answers are never in it."),
    s::choice("log.format", "auto", "`auto` is text on a terminal, else one JSON object a line.")
        .words("auto|json|text"),
    s::choice("log.level", "info", "The least important lines to write.").words("debug|info|warn|error"),
    s::boolean("log.requests", "true", "One line for each call."),

    s::group("billing", "Money. Everything is computed exactly, in billionths."),
    s::text("billing.currency", "USD", "Currency of new wallets, three capital letters.").range(3, 3).restart(),
    s::decimal("billing.rate_per_usd", "1", "Units of that currency for one USD; prices are in USD.").restart(),
    s::decimal("billing.fee_percent", "5", "The deployment's margin on every call, on top of the base price."),
    s::decimal("billing.cache_hit_percent", "10", "Share of the price for an answer from the cache.").only_value("10"),
    s::decimal("billing.balance_low", "1",
               "An account is told (event `balance.low`) when its balance falls to this, in its wallet's currency; 0 = "
               "never. An account may have its own.")
        .restart(),
    s::texts(
        "billing.budget_alerts",
        "Percentages of a spend cap at which its account is told (event `usage.threshold.exceeded`); default 80 and "
        "100.")
        .restart(),
    s::list("billing.free_tier", "Calls that cost nothing, by model: counted by account and UTC day."),
    s::group("billing.free_tier[]", "One model."),
    s::text("billing.free_tier[].model", "", "Its id in the catalogue.").required(),
    s::integer("billing.free_tier[].requests_per_day", "", "How many calls a day.").range(1, 1'000'000'000).required(),
    s::text("billing.free_tier[].until", "", "The last day on which it holds, like 2026-04-30 (default: for ever)."),
    s::text("billing.price_file", "",
            "List prices of your own in the format of data/prices.json (`aig prices import` writes one); its rows win "
            "over the built-in ones."),
    s::text("billing.simple_price_file", "",
            "What `GET /api/v1/price` says, in its own shape (default: data/simple_prices.json)."),
    s::named("billing.display",
             "For keys of one prefix (`sk-aig-`, `sk_live_`, `gw_`, `sk-`) show money in another currency; wallets "
             "stay as they are."),
    s::group("billing.display.*", "One prefix."),
    s::text("billing.display.*.currency", "", "Three capital letters.").range(3, 3).required(),
    s::decimal("billing.display.*.rate_per_usd", "", "Units of it for one USD.").required(),

    s::group("portal", "People: sign-up, log-in, sessions (`/portal/api/*`)."),
    s::boolean("portal.sign_up", "false",
               "Strangers may make accounts; off, users come by invitation or from the operator.")
        .restart(),
    s::choice("portal.verification", "email",
              "`email`: an address counts once its mailed link was used; `none`: at once, for closed networks.")
        .words("email|none")
        .restart(),
    s::decimal("portal.trial_credit", "0",
               "Bonus for a new account, in `billing.currency`, once a confirmed address; 0 is none.")
        .restart(),
    s::duration("portal.trial_time", "30d", "How long that bonus can be spent.")
        .range(86'400'000, 315'360'000'000)
        .restart(),

    s::group("mail", "Mails to users. Without a server they are written into data_dir/outbox, with a warning."),
    s::text("mail.from", "AIGateway <aig@localhost>", "Sender of all mails.").range(3, 254).restart(),
    s::group("mail.smtp", "The server that takes them."),
    s::text("mail.smtp.url", "", "`smtp://HOST:587` or `smtps://HOST:465`.").restart(),
    s::text("mail.smtp.user", "", "Its user; without one there is no log-in.").restart(),
    s::text("mail.smtp.password", "", "Its password.").secret().restart(),
    s::choice("mail.smtp.tls", "required",
              "`required`: STARTTLS or nothing is sent; `none` only on the machine itself.")
        .words("required|none")
        .restart(),
    s::text("mail.smtp.ca_file", "", "PEM file with the authority of its certificate (default: the system's).")
        .restart(),
    s::group(
        "topups",
        "Money from outside ([guide](../guides/topups.md)). Nothing is on unless it is written here; changes need a "
        "restart."),
    s::duration(
        "topups.book_delay", "24h",
        "Until later imports and retirements of deposit addresses take effect; the first import is usable at once.")
        .range(0, 30ll * 86'400'000)
        .restart(),
    s::group("topups.tron", "USDT (TRC-20) to addresses of the operator's own book."),
    s::text("topups.tron.token", "", "The token's contract, T...; there is no default: take it from its issuer.")
        .restart(),
    s::list("topups.tron.nodes", "Nodes with TronGrid's API; a second one must be independent of the first."),
    s::group("topups.tron.nodes[]", "One node."),
    s::url("topups.tron.nodes[].url", "", "Its base URL, such as https://api.trongrid.io.").required().restart(),
    s::text("topups.tron.nodes[].api_key", "", "Sent as TRON-PRO-API-KEY.").secret().restart(),
    s::decimal("topups.tron.minimum", "1", "In USDT; smaller deposits are recorded and not credited.").restart(),
    s::text("topups.tron.second_node_above", "100",
            "In USDT a day and account: above it a second node must say the same; `never` trusts one node.")
        .range(1, 20)
        .restart(),
    s::duration("topups.tron.poll", "15s", "Pause between two rounds of looking.").range(10, 3'600'000).restart(),
    s::duration("topups.tron.overlap", "1h",
                "How far before the newest transfer known each list begins: nodes index late.")
        .range(0, 7ll * 86'400'000)
        .restart(),
    s::integer("topups.tron.requests_per_poll", "100", "Requests to nodes in one round, at most.")
        .range(5, 10'000)
        .restart(),
    s::named("topups.callbacks", "Payment processors that call `POST /topup/callback/NAME`, by name."),
    s::group("topups.callbacks.*", "One processor."),
    s::text("topups.callbacks.*.secret", "",
            "What it signs with, at least 24 bytes; without one the route answers 503.")
        .secret()
        .restart(),
    s::choice("topups.callbacks.*.format", "plain", "`plain` is the guide's own form, `stripe` is Stripe's events.")
        .words("plain|stripe")
        .restart(),

    s::group("responses", "State of the Responses API (`/v1/responses`), sealed in the database."),
    s::boolean("responses.store", "true",
               "Keep answers that were not sent with `store: false`; off, there is no `previous_response_id` and no "
               "`background`.")
        .restart(),
    s::duration("responses.retention", "30d", "How long they are kept.").range(60'000, 315'360'000'000).restart(),
    s::integer("responses.background_per_account", "16", "Background responses of one account that run at a time.")
        .range(1, 10'000)
        .restart(),

    s::group("security", "Choices that weigh convenience against risk."),
    s::boolean("security.key_in_url", "true",
               "Accept a key in the URL on `/api/v1/*`, as its clients send it; it is cut out of every log.")
        .restart(),
};
}  // namespace

std::span<const settings::Setting> app_settings_rows() { return rows; }
}  // namespace aig::app
