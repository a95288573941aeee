// The bytes that came from a socket and were not used yet. The 16 KiB block comes from the thread's free list and goes
// back as soon as the buffer is empty and nobody reads, so that idle connections cost no buffer. One thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace aig::net::detail {

class ReadBuffer {
  public:
    static constexpr size_t kBlock = 16 * 1024;

    ReadBuffer() = default;
    ~ReadBuffer() { release(); }
    ReadBuffer(ReadBuffer&& other) noexcept;
    ReadBuffer& operator=(ReadBuffer&& other) noexcept;

    std::string_view view() const { return {data_ + begin_, end_ - begin_}; }
    char* data() { return data_ + begin_; }
    size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    bool holds_block() const { return data_ != nullptr; }

    void consume(size_t n);
    /// Makes sure that at least one more byte fits: takes a block, moves the bytes to the front, or doubles.
    void make_room();
    char* room() { return data_ + end_; }
    size_t room_size() const { return capacity_ - end_; }
    void commit(size_t n) { end_ += n; }
    /// Gives the block back, with what is in it.
    void release();

  private:
    char* data_ = nullptr;
    size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace aig::net::detail
