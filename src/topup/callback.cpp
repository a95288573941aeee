#include "topup/callback.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/time.h"

namespace aig::topup {
namespace {
constexpr size_t max_signatures = 8, max_id = 200;
constexpr int64_t max_nanos = 1'000'000'000 * nanos_per_unit;

Error bad_signature(std::string why) { return Error(ErrorCode::signature_invalid, std::move(why)); }

struct Presented {
    std::string_view timestamp;
    std::vector<std::string_view> signatures;
};

/// "t=1700000000,v1=5257…,v0=…": other schemes are ignored.
Presented parse_pairs(std::string_view header) {
    Presented p;
    while (!header.empty()) {
        auto item = header.substr(0, header.find(','));
        header.remove_prefix(std::min(header.size(), item.size() + 1));
        while (item.starts_with(' ')) item.remove_prefix(1);
        if (item.starts_with("t=")) p.timestamp = item.substr(2);
        if (item.starts_with("v1=") && p.signatures.size() < max_signatures) p.signatures.push_back(item.substr(3));
    }
    return p;
}

Presented presented(const net::Headers& headers) {
    auto header = headers.get("topup-signature");
    if (header.empty()) header = headers.get("stripe-signature");
    if (header.find('=') != std::string_view::npos) return parse_pairs(header);
    Presented p;
    p.timestamp = headers.get("topup-timestamp");
    if (!header.empty()) p.signatures.push_back(header);
    return p;
}

std::optional<int64_t> seconds(std::string_view digits) {
    int64_t v = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), v);
    const bool good = ec == std::errc{} && end == digits.data() + digits.size() && v > 0 && v < 100'000'000'000;
    return good ? std::optional(v) : std::nullopt;
}

Error bad(std::string_view name, std::string why) {
    return Error(ErrorCode::bad_param, fmt::format("'{}' {}", name, why)).param(std::string(name));
}

/// A member that decides about money must be there once and be text.
Result<std::string> text_of(JsonRef object, std::string_view name) {
    const auto v = object[name];
    if (object.duplicate(name)) return bad(name, "is given twice");
    if (!v.is_string() || v.text().empty() || v.text().size() > max_id)
        return bad(name, "must be text of 1 to 200 bytes");
    return std::string(v.text());
}

std::string upper(std::string text) {
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

Result<CallbackEvent> plain_event(JsonRef root) {
    CallbackEvent e;
    TRY(e.id, text_of(root, "event_id"));
    TRY(const std::string type, text_of(root, "type"));
    if (type == "payment.succeeded") e.kind = CallbackEvent::Kind::payment;
    if (type == "payment.refunded" || type == "payment.disputed") e.kind = CallbackEvent::Kind::reversal;
    if (e.kind == CallbackEvent::Kind::other) return e;
    TRY(e.order, text_of(root, "order_id"));
    TRY(e.method, text_of(root, "method"));
    TRY(e.currency, text_of(root, "currency"));
    TRY(e.told, text_of(root, "amount"));
    TRY(e.amount_nanos, parse_decimal(e.told, 9, "amount"));
    return e;
}

/// How many digits a currency's smallest unit has (ISO 4217); most have two.
int minor_digits(std::string_view currency) {
    constexpr std::string_view none[] = {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA",
                                         "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"};
    constexpr std::string_view three[] = {"BHD", "JOD", "KWD", "OMR", "TND"};
    if (std::find(std::begin(none), std::end(none), currency) != std::end(none)) return 0;
    return std::find(std::begin(three), std::end(three), currency) != std::end(three) ? 3 : 2;
}

/// The member of Stripe's event object that holds the amount, by event type; "" = not an event about money.
struct StripeType {
    std::string_view type, amount;
    CallbackEvent::Kind kind;
};
constexpr StripeType stripe_types[] = {
    {"checkout.session.completed", "amount_total", CallbackEvent::Kind::payment},
    {"checkout.session.async_payment_succeeded", "amount_total", CallbackEvent::Kind::payment},
    {"charge.refunded", "amount_refunded", CallbackEvent::Kind::reversal},
    {"charge.dispute.created", "amount", CallbackEvent::Kind::reversal}};

Result<CallbackEvent> stripe_event(JsonRef root) {
    CallbackEvent e;
    TRY(e.id, text_of(root, "id"));
    TRY(const std::string type, text_of(root, "type"));
    const auto* row = std::find_if(std::begin(stripe_types), std::end(stripe_types),
                                   [&](const StripeType& t) { return t.type == type; });
    const auto object = root["data"]["object"];
    // A session may complete before it is paid; the later event says so.
    const bool unpaid = object["payment_status"].is_string() && object["payment_status"].text() != "paid";
    if (row == std::end(stripe_types) || unpaid) return e;
    e.kind = row->kind;
    e.cumulative = type == "charge.refunded";
    const auto reference = object["client_reference_id"];
    if (reference.is_string()) {
        TRY(e.order, text_of(object, "client_reference_id"));
    } else {
        TRY(e.order, text_of(object["metadata"], "order_id"));
    }
    TRY(e.currency, text_of(object, "currency"));
    e.currency = upper(std::move(e.currency));
    if (object.duplicate(row->amount)) return bad(row->amount, "is given twice");
    const auto minor = object[row->amount].integer();
    if (!minor || *minor < 0) return bad(row->amount, "must be a whole number of the currency's smallest unit");
    e.told = std::to_string(*minor);
    TRY(e.amount_nanos, parse_decimal(decimal(*minor, minor_digits(e.currency)), 9, "amount"));
    return e;
}

Deposit deposit_of(const std::string& rail, const CallbackEvent& e) {
    Deposit d;
    d.rail = rail;
    d.external_id = e.id;
    d.currency = e.currency;
    d.amount_nanos = e.amount_nanos;
    d.told = e.told;
    d.witnesses = 1;
    d.seen_us = now_us();
    return d;
}

Error as_told_before(const Deposit& d) {
    return Error(ErrorCode::payment_mismatch, d.reason.empty() ? "the payment was refused before" : d.reason);
}
}  // namespace

std::string sign(std::string_view secret, std::string_view timestamp, std::string_view body) {
    std::string text(timestamp);
    text.append(".").append(body);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", mac[i]);
    return hex;
}

Status verify(const CallbackRail& rail, const net::Headers& headers, std::string_view body, int64_t now) {
    if (rail.secret.size() < least_secret_bytes) return Error(ErrorCode::topup_disabled, "the rail has no secret");
    const auto given = presented(headers);
    const auto at = seconds(given.timestamp);
    if (!at || given.signatures.empty()) return bad_signature("the signature header is missing or not t=...,v1=...");
    const auto good = sign(rail.secret, given.timestamp, body);
    bool fits = false;
    for (const auto s : given.signatures)
        fits |= s.size() == good.size() && CRYPTO_memcmp(s.data(), good.data(), good.size()) == 0;
    if (!fits) return bad_signature("no signature fits the body");
    if (const int64_t off = now / 1'000'000 - *at; off > rail.tolerance_s || off < -rail.tolerance_s)
        return bad_signature(fmt::format("the timestamp is more than {} s off", rail.tolerance_s));
    return {};
}

Result<CallbackEvent> read_event(CallbackRail::Format format, std::string_view body) {
    TRY(const auto doc, JsonDoc::parse(body));
    if (!doc.root().is_object()) return Error(ErrorCode::bad_json, "the body must be one JSON object");
    TRY(auto e, format == CallbackRail::Format::stripe ? stripe_event(doc.root()) : plain_event(doc.root()));
    if (e.kind != CallbackEvent::Kind::other && (e.amount_nanos <= 0 || e.amount_nanos > max_nanos))
        return bad("amount", "must be more than 0 and at most a thousand million");
    return e;
}

Status CallbackDoor::open(std::string_view rail) const {
    const auto at = rails_.find(rail);
    if (at == rails_.end())
        return Error(ErrorCode::resource_not_found, fmt::format("there is no rail '{}'", rail.substr(0, 64)));
    if (at->second.secret.size() < least_secret_bytes)
        return Error(ErrorCode::topup_disabled, fmt::format("topups.callbacks.{} has no secret", at->first));
    return {};
}

rt::Task<Result<CallbackDoor::Outcome>> CallbackDoor::receive(std::string rail, net::Headers headers,
                                                              std::string body) {
    static auto& forged = metrics::counter("aig_topup_forged_total", "Payment callbacks whose signature did not fit");
    CO_TRYV(open(rail));
    const auto& settings = rails_.find(rail)->second;
    if (auto verified = verify(settings, headers, body, now_us()); !verified) {
        forged.add();
        log::warn("callback_refused", {{"rail", rail}, {"why", verified.error().message()}});
        co_return std::move(verified).error();
    }
    auto event = read_event(settings.format, body);
    if (!event) co_return std::move(event).error();
    Outcome outcome;
    outcome.ignored = true;
    if (event->kind == CallbackEvent::Kind::other) co_return outcome;
    auto known = co_await desk_.find(rail, event->id);
    if (!known) co_return std::move(known).error();
    if (*known) {
        if ((*known)->status == DepositStatus::mismatched) co_return as_told_before(**known);
        outcome.ignored = false;
        outcome.duplicate = true;
        outcome.deposit = **std::move(known);
        co_return outcome;
    }
    const bool payment = event->kind == CallbackEvent::Kind::payment;
    auto task = payment ? pay(std::move(rail), *std::move(event)) : reverse(std::move(rail), *std::move(event));
    auto done = co_await std::move(task);
    co_return done;
}

/// Kept for the operator, under the event's id, so that it is told once.
rt::Task<Result<CallbackDoor::Outcome>> CallbackDoor::refuse(Deposit d, Error why) {
    log::error("payment_mismatch", {{"rail", d.rail}, {"event", d.external_id}, {"why", why.message()}});
    d.status = DepositStatus::mismatched;
    d.reason = why.message();
    CO_TRYV(co_await desk_.record(std::move(d)));
    co_return why;
}

rt::Task<Result<CallbackDoor::Outcome>> CallbackDoor::pay(std::string rail, CallbackEvent event) {
    auto deposit = deposit_of(rail, event);
    auto order = co_await desk_.find_order(event.order);
    if (!order) co_return std::move(order).error();
    std::optional<Error> wrong;
    if (!*order) wrong = Error(ErrorCode::payment_mismatch, "there is no such order");
    if (!event.method.empty() && event.method != rail)
        wrong = Error(ErrorCode::payment_mismatch, "the payment was made by another method");
    if (*order) {
        deposit.account = (*order)->account;
        deposit.order = (*order)->id;
    }
    if (wrong) {
        auto refused = co_await refuse(std::move(deposit), *std::move(wrong));
        co_return refused;
    }
    Payment payment{Proof(), deposit};
    store::Ops nothing;
    auto booked = co_await desk_.credit(std::move(payment), std::move(nothing));
    auto outcome = co_await outcome_of(std::move(deposit), std::move(booked));
    co_return outcome;
}

rt::Task<Result<CallbackDoor::Outcome>> CallbackDoor::reverse(std::string rail, CallbackEvent event) {
    auto deposit = deposit_of(rail, event);
    auto order = co_await desk_.find_order(event.order);
    if (!order) co_return std::move(order).error();
    if (!*order || (*order)->rail != rail) {
        auto refused =
            co_await refuse(std::move(deposit), Error(ErrorCode::payment_mismatch, "there is no such order"));
        co_return refused;
    }
    deposit.account = (*order)->account;
    deposit.order = (*order)->id;
    Payment payment{Proof(), deposit};
    auto booked = co_await desk_.reverse(std::move(payment), event.cumulative);
    auto outcome = co_await outcome_of(std::move(deposit), std::move(booked));
    co_return outcome;
}

/// What was booked; or, where it does not fit its order, the deposit as refused.
rt::Task<Result<CallbackDoor::Outcome>> CallbackDoor::outcome_of(Deposit deposit, Result<Deposit> booked) {
    if (booked) {
        Outcome outcome;
        outcome.deposit = *std::move(booked);
        co_return outcome;
    }
    if (booked.error().code() != ErrorCode::payment_mismatch) co_return std::move(booked).error();
    auto refused = co_await refuse(std::move(deposit), std::move(booked).error());
    co_return refused;
}

}  // namespace aig::topup
