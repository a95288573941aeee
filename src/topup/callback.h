// Callbacks of payment processors. A rail without a secret is closed; a secret shorter than 24 bytes does not open it
// either (and stops the start: TopupSettings::check). Every callback must carry an HMAC-SHA256 over "timestamp.body",
// at most 300 s old, and its event must fit an open order in rail, method, currency and amount. An event is booked
// once, whatever is sent again.
//
// verify() and read_event() are pure; receive() runs on any loop.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "net/http.h"
#include "topup/desk.h"

namespace aig::topup {

constexpr size_t least_secret_bytes = 24;

struct CallbackRail {
    enum class Format : uint8_t { plain, stripe };
    std::string secret;  ///< "" = closed
    Format format = Format::plain;
    int64_t tolerance_s = 300;
};

/// signature_invalid unless one of the header's signatures fits. `topup-signature` or `stripe-signature`:
/// "t=<unix seconds>,v1=<hex>", v1 as often as there are secrets; or `topup-signature: <hex>` with `topup-timestamp`.
Status verify(const CallbackRail& rail, const net::Headers& headers, std::string_view body, int64_t now_us);
/// The hex signature of a body, for tests and for processors written by the operator.
std::string sign(std::string_view secret, std::string_view timestamp, std::string_view body);

struct CallbackEvent {
    enum class Kind : uint8_t { payment, reversal, other };
    Kind kind = Kind::other;
    std::string id;      ///< the processor's, booked once
    std::string order;   ///< our dep_...
    std::string method;  ///< "" = not told
    std::string currency;
    int64_t amount_nanos = 0;
    std::string told;
    bool cumulative = false;  ///< a reversal's amount is all that went back so far
};
Result<CallbackEvent> read_event(CallbackRail::Format format, std::string_view body);

class CallbackDoor {
  public:
    CallbackDoor(Desk& desk, std::map<std::string, CallbackRail, std::less<>> rails)
        : desk_(desk), rails_(std::move(rails)) {}

    struct Outcome {
        bool ignored = false;    ///< an event that is none of ours to book
        bool duplicate = false;  ///< booked before
        Deposit deposit;
    };
    /// resource_not_found (no such rail), topup_disabled (no secret), signature_invalid, bad_json, bad_param,
    /// payment_mismatch.
    rt::Task<Result<Outcome>> receive(std::string rail, net::Headers headers, std::string body);
    /// The rail is there and open; else the error to answer with.
    Status open(std::string_view rail) const;
    const std::map<std::string, CallbackRail, std::less<>>& rails() const { return rails_; }

  private:
    rt::Task<Result<Outcome>> pay(std::string rail, CallbackEvent event);
    rt::Task<Result<Outcome>> reverse(std::string rail, CallbackEvent event);
    rt::Task<Result<Outcome>> refuse(Deposit deposit, Error why);
    rt::Task<Result<Outcome>> outcome_of(Deposit deposit, Result<Deposit> booked);
    Desk& desk_;
    std::map<std::string, CallbackRail, std::less<>> rails_;
};

}  // namespace aig::topup
