#include "net/detail/read_buffer.h"

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace aig::net::detail {
namespace {

constexpr size_t kKept = 256;

/// Last in, first out: the block that is still in the CPU's cache is used next.
struct FreeBlocks {
    std::vector<std::unique_ptr<char[]>> list;
    char* take() {
        if (list.empty()) return new char[ReadBuffer::kBlock];
        char* block = list.back().release();
        list.pop_back();
        return block;
    }
    void give(char* block) {
        std::unique_ptr<char[]> owned(block);
        if (list.size() < kKept) list.push_back(std::move(owned));
    }
};

thread_local FreeBlocks free_blocks;

}  // namespace

ReadBuffer::ReadBuffer(ReadBuffer&& other) noexcept { *this = std::move(other); }

ReadBuffer& ReadBuffer::operator=(ReadBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    return *this;
}

void ReadBuffer::consume(size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
}

void ReadBuffer::make_room() {
    if (!data_) {
        data_ = free_blocks.take();
        capacity_ = kBlock;
        return;
    }
    if (end_ < capacity_) return;
    if (begin_ > 0) {
        std::memmove(data_, data_ + begin_, size());
        end_ -= begin_;
        begin_ = 0;
        return;
    }
    auto bigger = std::make_unique<char[]>(capacity_ * 2);
    std::memcpy(bigger.get(), data_, end_);
    const size_t used = end_, capacity = capacity_ * 2;
    release();
    data_ = bigger.release();
    capacity_ = capacity;
    end_ = used;
}

void ReadBuffer::release() {
    if (data_) {
        if (capacity_ == kBlock) {
            free_blocks.give(data_);
        } else {
            delete[] data_;
        }
    }
    data_ = nullptr;
    capacity_ = begin_ = end_ = 0;
}

}  // namespace aig::net::detail
