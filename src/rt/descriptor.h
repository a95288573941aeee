// A socket watched by its loop. It is registered once, edge-triggered, so that waiting and reading cost no system call
// beyond the read itself: Asio's own socket operations try a read first whenever one is started, which on a
// request-reply connection fails every time. Loop thread only; at most one task waits for reading and one for writing.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "rt/detail/suspension.h"
#include "rt/loop.h"

namespace aig::rt {

namespace detail {
class Outbox;
class Poller;

/// A task that waits in place: its handler is stored here, so that a wait allocates nothing of its own.
class Parked final : public Suspension {
  public:
    ~Parked() override { drop(); }
    template <class Handler>
    void park(Handler handler) {
        static_assert(sizeof(Handler) <= sizeof room_ && alignof(Handler) <= alignof(std::max_align_t));
        new (room_) Handler(std::move(handler));
        run_ = [](void* room, How how) {
            auto* stored = static_cast<Handler*>(room);
            Handler local(std::move(*stored));
            stored->~Handler();
            if (how == How::now) local();
            if (how == How::posted) post_handler(std::move(local));
        };
    }
    bool waiting() const { return run_ != nullptr; }
    /// Goes on inside this call: for the poller alone, whose stack is flat.
    void resume_now() { end(How::now); }
    void resume() override { end(How::posted); }
    void drop() override { end(How::dropped); }

  private:
    enum class How : uint8_t { now, posted, dropped };
    void end(How how);
    template <class Handler>
    static void post_handler(Handler handler);

    void (*run_)(void* room, How how) = nullptr;
    alignas(std::max_align_t) unsigned char room_[64];
};
}  // namespace detail

class Descriptor {
  public:
    /// Takes over a non-blocking descriptor.
    Descriptor(Loop& loop, int fd);
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;

    int fd() const { return fd_; }
    /// False: a read would find nothing. The reader says drained() when it did.
    bool maybe_readable() const { return readable_; }
    void drained() { readable_ = hung_up_; }
    /// A write met a full buffer.
    void filled() { writable_ = false; }
    /// The peer has closed its side, or the connection broke.
    bool hung_up() const { return hung_up_; }

    /// Takes bytes to write with those of other descriptors, at the end of the loop's handler at hand. False, and
    /// nothing taken: there are too many of them, or the peer is slow; then write here and now, in order: after
    /// settle_up().
    bool write_later(std::span<const iovec> pieces);
    enum class Debt : uint8_t { none, owed, broken };
    /// Writes what write_later() took. owed: the kernel has no room, which writable() waits for; what is owed is
    /// written by itself as room comes. broken: the peer is gone, nothing will be written any more.
    Debt settle_up();

    /// Wait for the next readiness, or for interrupt(); at once when already ready or interrupted. Check interrupted()
    /// after.
    Task<> readable();
    Task<> writable();
    void interrupt();
    void clear_interrupt() { interrupted_ = false; }
    bool interrupted() const { return interrupted_; }
    /// How often the loop has asked the kernel since it started: what happened before is seen when it has grown.
    uint64_t turn() const;

  private:
    friend class detail::Poller;
    friend class detail::Outbox;
    void write_or_owe(std::string_view bytes);
    void on_events(uint32_t events);
    Task<> wait(detail::Parked& parked);

    Loop& loop_;
    std::shared_ptr<detail::Poller> poller_;
    int fd_;
    bool readable_ = true, writable_ = true, hung_up_ = false, interrupted_ = false, broken_ = false;
    std::string owed_;
    detail::Parked reader_, writer_;
};

}  // namespace aig::rt
