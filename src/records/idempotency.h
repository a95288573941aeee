// Idempotency-Key: a request that comes again gets the reply of the first and is not carried out again.
//
// A key is claimed in memory while its request runs (a claim dies with the process, and so does what it had not
// finished) and becomes durable with the reply, in the transaction that did the work: a charge and its reply are there
// together or not at all. Keys belong to one account and one route. What was refused or failed keeps nothing: the key
// is free again. Replies rest sealed, for a day, up to 1 MiB; of larger ones only the fact is kept.
//
// begin() on a loop; Claim::keep() on the writer thread, inside an Op.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace aig::records {

constexpr int64_t idempotency_retention_us = 24ll * 3600 * 1'000'000;
constexpr size_t max_kept_reply = size_t{1} << 20;

struct KeptReply {
    int status = 0;              ///< 0 = the request was carried out, its reply was not kept
    std::string request_id{};    ///< of the request that was carried out
    std::string head{}, body{};  ///< head: "name: value\n" lines
};

/// Closes what rests on disk; `bound_to` (what the bytes belong to) must be the same when they are opened.
struct Seal {
    std::function<Result<std::string>(std::string_view plain, std::string_view bound_to)> close;
    std::function<Result<std::string>(std::string_view sealed, std::string_view bound_to)> open;
};

struct RunningKeys;

/// The key of a request that runs; free again when the last owner lets go.
class Claim {
  public:
    Claim(std::shared_ptr<RunningKeys> from, AccountId account, std::string hash, std::string fingerprint,
          int64_t at_us)
        : from_(std::move(from)),
          account_(account),
          hash_(std::move(hash)),
          fingerprint_(std::move(fingerprint)),
          at_us_(at_us) {}
    Claim(const Claim&) = delete;
    ~Claim() { release(); }
    /// Frees the key now: a batch may still hold on to its Op for a moment after it is done. Once.
    void release() const;
    /// Writes the reply: inside an Op's apply(), in the transaction that does the work. May run twice. A reply that is
    /// too large leaves its status 0.
    Status keep(store::Db& db, const KeptReply& reply) const;
    bool too_large(const KeptReply& reply) const { return reply.head.size() + reply.body.size() > max_kept_reply; }

  private:
    std::shared_ptr<RunningKeys> from_;
    AccountId account_;
    std::string hash_, fingerprint_;
    int64_t at_us_;
    mutable std::atomic<bool> released_{false};
};

/// The same as an Op, for batches.
std::unique_ptr<store::Op> keep(std::shared_ptr<const Claim> claim, KeptReply reply);

/// One request with its key. `at_us` is the clock: a reply older than a day is not there.
struct Asked {
    AccountId account;
    std::string route, key, fingerprint;  ///< fingerprint: SHA-256 of whatever must be the same
    int64_t at_us = 0;
};
struct Begun {
    std::shared_ptr<const Claim> claim;  ///< carry it out, and keep the reply
    std::optional<KeptReply> reply;      ///< it was carried out before
};

class Idempotency {
  public:
    explicit Idempotency(store::Store& store, Seal seal = {});
    /// idempotency_in_flight (with retry_after_ms), idempotency_mismatch, idempotency_spent, storage_unavailable.
    rt::Task<Result<Begun>> begin(Asked asked);
    /// The same on the calling thread, never on a loop.
    Result<Begun> begin_now(const Asked& asked);
    /// Removes replies that are a day old, at most some hundred at a time; run it now and then.
    static std::unique_ptr<store::Op> sweep(int64_t now_us);

  private:
    store::Store& store_;
    const std::shared_ptr<RunningKeys> running_;  ///< a batch may hold a claim longer than we live
};

/// SHA-256 of the parts, each with its length: no two lists of parts have the same bytes.
std::string digest(std::initializer_list<std::string_view> parts);

}  // namespace aig::records
