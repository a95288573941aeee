#include "app/node.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "api/admin/admin.h"
#include "api/openai/background.h"
#include "app/admin_listener.h"
#include "app/descriptors.h"
#include "app/files.h"
#include "app/hot_text.h"
#include "app/openapi.h"
#include "app/secrets.h"
#include "app/topup_seal.h"
#include "app/upkeep.h"
#include "base/embedded.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/time.h"
#include "catalogue/build.h"
#include "catalogue/price_history.h"
#include "catalogue/price_lists.h"
#include "dialect/errors.h"
#include "ledger/setup.h"
#include "provider/registry.h"
#include "records/audit.h"
#include "records/usage.h"
#include "store/dir_lock.h"

namespace aig::app {
namespace {
/// Batches waiting for the writer, of the 10,000 it takes.
constexpr int64_t nearly_full = 8'000;
constexpr int64_t sweep_ms = 20'000;
}  // namespace

/// In the order of construction; destroyed in reverse: first nobody can come in, then loops end, then the books close.
struct Node::Parts {
    NodeOptions options;
    std::string admin_token;
    std::optional<store::DirLock> lock;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<store::Sealer> sealer;
    std::unique_ptr<ledger::Book> book;
    std::unique_ptr<identity::Directory> directory;
    ledger::FreeTier free_tier;
    std::unique_ptr<Upkeep> upkeep;
    std::unique_ptr<catalogue::PriceLists> price_lists;
    std::unique_ptr<records::Idempotency> idempotency;
    std::shared_ptr<records::Responses> responses;  ///< null: not stored
    std::shared_ptr<api::BackgroundRuns> background;
    std::unique_ptr<mail::Sender> mail;
    catalogue::Catalogue catalogue;
    limits::Limiter limiter;
    limits::FailedAuth failed_auth;
    route::Health health;
    std::unique_ptr<rt::Loops> loops;
    std::unique_ptr<gateway::Gateway> gateway;
    std::unique_ptr<topup::Topups> topups;
    std::unique_ptr<api::Portal> portal;  ///< its two threads end before what they pay with
    std::unique_ptr<api::Api> api;
    std::unique_ptr<api::Admin> admin;
    std::unique_ptr<AdminListener> admin_listener;
    std::unique_ptr<net::Server> server;
    std::shared_ptr<void> sweeping;  ///< first loop
    std::atomic<bool> ready{false};

    std::mutex freezing;  // the writer freezes keys; the directory closes before the writer ends
    bool directory_open = true;

    ~Parts() {
        ready = false;
        if (server) server->close();
        if (admin_listener) admin_listener->close();
        if (loops) loops->stop_and_join();
        const std::lock_guard guard(freezing);
        directory_open = false;
    }

    Status open_books();
    Status open_responses();
    void freeze(const ledger::Braked& braked);
    Status load_catalogue(const catalogue::Config& config);
    Status make_admin_token();
    Status open_portal();
    std::string listen_url() const;
    api::Services api_services();
    std::function<Status()> readiness();
    api::AdminHooks admin_hooks();
    void sweep_now_and_then();
    Status remember_day();
    Status open_topups();
    Status serve();
};

Status Node::Parts::open_books() {
    TRYV(make_folder(options.data_dir));
    TRY(lock, store::DirLock::take(options.data_dir));
    store::Options so;
    so.path = options.data_dir + "/aig.db";
    TRY(store, store::Store::open(so));
    TRY(sealer, store::Sealer::open(*store, seal_options(options.data_dir)));
    ledger::BookOptions bo;
    bo.alerts = options.alerts;
    bo.on_brake = [this](const ledger::Braked& b) { freeze(b); };
    TRY(book, ledger::Book::open(*store, std::move(bo)));
    TRY(directory, identity::Directory::open(*store));
    TRY(price_lists, catalogue::PriceLists::open(*store));
    TRYV(catalogue::remember_prices(*store, *catalogue.get(), now_us()));
    idempotency = std::make_unique<records::Idempotency>(*store, seal_replies(*sealer));
    TRYV(open_responses());
    TRYV(remember_day());
    TRY(auto key, ledger::NodeKey::open(options.data_dir + "/node.key"));
    upkeep = std::make_unique<Upkeep>(*store, *book, std::move(key));
    return ledger::adopt_config_rate(*store, *book, options.currency, options.rate_per_usd);
}

/// Nothing runs yet: what is said to be running was left so by a process that was stopped.
Status Node::Parts::open_responses() {
    store::Batch batch;
    batch.ops.push_back(records::Responses::fail_running());
    TRYV(store->commit_now(std::move(batch)));
    if (!options.store_responses) return {};
    responses = std::make_shared<records::Responses>(*store, seal_replies(*sealer));
    background = std::make_shared<api::BackgroundRuns>(options.background_per_account);
    return {};
}

/// The book has stopped the key in its memory; from here on it is frozen for everybody and for good.
void Node::Parts::freeze(const ledger::Braked& b) {
    std::string data;
    JsonWriter(data)
        .begin_object()
        .field("key_id", to_text(b.key))
        .field("reason", "brake")
        .field_raw("brake_cents_per_minute", cents_number(b.nanos_per_minute))
        .end_object();
    const std::lock_guard guard(freezing);
    if (!directory_open) return;  // the books are closing: their last batches may still charge
    store::Ops with;
    with.push_back(store::event({"key.frozen", b.account, "", data, b.at_us}));
    with.push_back(records::audit({"brake", "key.freeze", to_text(b.key), b.account, data, "ledger"}));
    directory->freeze_soon(b.key, identity::freeze::brake, std::move(with));
}

Status Node::Parts::load_catalogue(const catalogue::Config& config) {
    const auto previous = catalogue.get();
    auto built = catalogue::build(
        config, [](std::string_view name) { return provider::wire(name); }, previous.get());
    if (!built.snapshot) {
        std::string all;
        for (const auto& fault : built.faults)
            all += fmt::format("{}{}: {}", all.empty() ? "" : "\n", fault.path, fault.message);
        return Error(ErrorCode::config_invalid, all);
    }
    for (const auto& w : built.warnings) log::warn("catalogue", {{"warning", w}});
    catalogue.set(built.snapshot);
    health.reset_keys();
    return {};
}

Status Node::Parts::make_admin_token() {
    admin_token = options.admin_token;
    if (!admin_token.empty()) return {};
    const std::string path = options.data_dir + "/admin.token";
    if (auto kept = read_file(path, 4096); kept && kept->size() >= 32) {
        admin_token = *std::move(kept);
        while (admin_token.ends_with('\n')) admin_token.pop_back();
        return {};
    }
    admin_token = "aat_" + random_base62(43);
    TRYV(write_file(path, admin_token + "\n", 0600));
    log::info("admin_token_made", {{"path", path}});
    return {};
}

api::Services Node::Parts::api_services() {
    api::Services s;
    s.gateway = gateway.get();
    s.book = book.get();
    s.directory = directory.get();
    s.catalogue = &catalogue;
    s.store = store.get();
    s.idempotency = idempotency.get();
    s.limiter = &limiter;
    s.failed_auth = &failed_auth;
    s.portal = portal.get();
    s.topups = topups.get();
    s.responses = responses;
    s.background = background;
    s.response_retention_us = options.response_retention_ms * 1'000;
    s.sealer = sealer.get();
    s.display = options.display;
    s.public_metrics = options.public_metrics;
    s.log_requests = options.log_requests;
    s.key_in_url = options.key_in_url;
    s.trusted_proxies = options.trusted_proxies;
    s.openapi_json = openapi_json();
    s.simple_prices_json = options.simple_prices_json.empty() ? std::string(embedded_file("data/simple_prices.json"))
                                                              : options.simple_prices_json;
    s.max_json_body = options.max_body_bytes;
    s.ready = readiness();
    return s;
}

Status Node::Parts::open_portal() {
    auto& o = options.portal;
    o.currency = options.currency;
    o.tls = !options.tls.cert_file.empty();
    o.url = [this] { return options.portal.public_url.empty() ? listen_url() : options.portal.public_url; };
    options.mail.outbox = options.data_dir + "/outbox";
    options.mail.expected = options.mail.expected && o.sign_up;
    TRY(mail, mail::Sender::start(*store, options.mail));
    portal = std::make_unique<api::Portal>(api::PortalServices{store.get(), book.get(), directory.get(), &catalogue,
                                                               mail.get(), price_lists.get(), topups.get()},
                                           o);
    return {};
}

std::function<Status()> Node::Parts::readiness() {
    return [this]() -> Status {
        if (!ready) return Error(ErrorCode::draining);
        if (store->queue_length() > nearly_full)
            return Error(ErrorCode::storage_unavailable, "the ledger's queue is nearly full");
        return {};
    };
}

api::AdminHooks Node::Parts::admin_hooks() {
    api::AdminHooks hooks;
    hooks.idempotency = idempotency.get();
    hooks.currency = options.currency;
    hooks.price_lists = price_lists.get();
    hooks.reload = options.reload;
    hooks.topups = topups.get();
    hooks.sealer = sealer.get();
    hooks.status_json = [this] {
        return fmt::format(R"("ready":{},"in_flight":{},"connections":{},"catalogue_version":{},"schema_version":{})",
                           ready.load(), server ? server->in_flight() : 0, server ? server->connections() : 0,
                           catalogue.get()->version, store->schema_version());
    };
    return hooks;
}

/// Daily limits go on where the last process stopped.
Status Node::Parts::remember_day() {
    const int64_t now = now_us();
    return store->read_now([&](store::Db& db) -> Status {
        TRY(const auto counts, records::requests_today(db, now));
        for (const auto& [key, requests] : counts) limiter.used_today(key, requests, now);
        return {};
    });
}

/// What is past its time goes in bounded steps, so that no step is felt.
void Node::Parts::sweep_now_and_then() {
    (*loops)[0].post([this] {
        sweeping = rt::Loop::current()->every(sweep_ms, [this] {
            store::Batch batch;
            batch.ops.push_back(records::Idempotency::sweep(now_us()));
            batch.ops.push_back(records::Responses::sweep(now_us()));
            store->submit(std::move(batch), [](const Status&) {});
        });
    });
}

Status Node::Parts::open_topups() {
    if (!options.topups.any()) return {};
    TRY(auto seal, topup_seal(options.data_dir));
    TRY(topups, topup::Topups::open(options.topups, *store, *book, std::move(seal), &(*loops)[0]));
    topups->start();
    return {};
}

Status Node::Parts::serve() {
    loops = std::make_unique<rt::Loops>(options.threads);
    free_tier.set(options.free_tier);
    upkeep->start((*loops)[0]);
    sweep_now_and_then();
    gateway =
        std::make_unique<gateway::Gateway>(gateway::Services{loops.get(), book.get(), &limiter, &catalogue, &health,
                                                             &free_tier, store.get(), price_lists.get(), sealer.get()});
    TRYV(open_topups());
    TRYV(open_portal());
    api = std::make_unique<api::Api>(api_services());
    admin = std::make_unique<api::Admin>(*store, *book, *directory, admin_hooks());
    TRY(admin_listener, AdminListener::start(*loops,
                                             {options.admin_host, options.admin_port, options.data_dir + "/admin.sock",
                                              admin_token, readiness()},
                                             *admin));
    net::ServerOptions so;
    so.host = options.host;
    so.port = options.port;
    so.tls = options.tls;
    so.max_connections = options.max_connections;
    so.bodies = std::make_shared<net::ByteBudget>(options.body_budget_bytes);
    so.render_error = api::Api::early_error;
    TRY(server,
        net::Server::start(*loops, std::move(so), [a = api.get()](net::Exchange& http) { return a->handle(http); }));
    ready = true;
    return {};
}

Node::Node() : parts_(std::make_unique<Parts>()) {}
Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::start(NodeOptions options) {
    std::unique_ptr<Node> node(new Node);
    auto& p = *node->parts_;
    p.options = std::move(options);
    use_huge_page_for_hot_text();
    warn_of_few_descriptors(p.options.max_connections);
    TRYV(p.load_catalogue(p.options.catalogue));
    TRYV(p.open_books());
    TRYV(p.make_admin_token());
    TRYV(p.serve());
    dialect::serve_docs_at(p.options.public_url.empty() ? node->url() : p.options.public_url);
    metrics::gauge("aig_connections", "Open client connections", [s = p.server.get()] { return s->connections(); });
    metrics::gauge("aig_calls_in_flight", "Calls running now", [g = p.gateway.get()] { return g->in_flight(); });
    metrics::gauge("aig_ledger_queue", "Batches waiting for the ledger's writer",
                   [s = p.store.get()] { return s->queue_length(); });
    metrics::gauge("aig_open_holds", "Open holds", [b = p.book.get()] { return b->open_holds(); });
    return node;
}

std::string Node::Parts::listen_url() const {
    return fmt::format("{}://{}:{}", options.tls.cert_file.empty() ? "http" : "https", options.host,
                       server ? server->port() : options.port);
}
std::string Node::url() const { return parts_->listen_url(); }
std::string Node::admin_url() const {
    return fmt::format("http://{}:{}", parts_->options.admin_host, parts_->admin_listener->port());
}
const std::string& Node::admin_token() const { return parts_->admin_token; }
identity::Directory& Node::directory() { return *parts_->directory; }
ledger::Book& Node::book() { return *parts_->book; }
rt::Loops& Node::loops() { return *parts_->loops; }

void Node::set_free_tier(std::vector<ledger::FreeRule> rules) { parts_->free_tier.set(std::move(rules)); }

Status Node::reload(const catalogue::Config& config) {
    auto done = parts_->load_catalogue(config);
    if (done) done = catalogue::remember_prices(*parts_->store, *parts_->catalogue.get(), now_us());
    if (done)
        log::info("reloaded", {{"catalogue_version", parts_->catalogue.get()->version}});
    else
        log::error("reload_refused", {{"reason", done.error().message()}});
    return done;
}

void Node::drain(int64_t grace_ms, const std::function<bool()>& hurry) {
    auto& p = *parts_;
    p.ready = false;
    log::info("draining", {{"in_flight", p.server->in_flight()}, {"grace_ms", grace_ms}});
    p.server->drain();
    int64_t until = mono_ms() + grace_ms;
    while (p.server->in_flight() > 0 && mono_ms() < until) {
        if (hurry()) until = std::min(until, mono_ms() + 10'000);
    }
    if (const auto left = p.server->in_flight(); left > 0) log::warn("drain_cut", {{"in_flight", left}});
}

}  // namespace aig::app
