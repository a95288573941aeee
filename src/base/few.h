// A list of a few small values in place: no allocation while there are no more than N, a vector behind that.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

namespace aig {

template <class T, size_t N>
class Few {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    Few() = default;
    Few(std::initializer_list<T> values) {
        for (const T& v : values) push_back(v);
    }
    Few(const Few&) = default;
    Few& operator=(const Few&) = default;
    Few(Few&& o) noexcept : size_(std::exchange(o.size_, 0)), here_(o.here_), more_(std::move(o.more_)) {}
    Few& operator=(Few&& o) noexcept {
        size_ = std::exchange(o.size_, 0);
        here_ = o.here_;
        more_ = std::move(o.more_);
        return *this;
    }
    ~Few() = default;

    void push_back(const T& v) {
        if (size_ < N) {
            here_[size_++] = v;
            return;
        }
        if (size_ == N) more_.assign(here_.begin(), here_.end());
        more_.push_back(v);
        ++size_;
    }
    /// Of n values that are to be set.
    void reset(size_t n) {
        clear();
        while (size_ < n) push_back(T{});
    }
    void clear() {
        size_ = 0;
        more_.clear();
    }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* begin() { return size_ > N ? more_.data() : here_.data(); }
    T* end() { return begin() + size_; }
    const T* begin() const { return size_ > N ? more_.data() : here_.data(); }
    const T* end() const { return begin() + size_; }
    T& operator[](size_t i) { return begin()[i]; }
    const T& operator[](size_t i) const { return begin()[i]; }
    bool operator==(const Few& o) const { return std::equal(begin(), end(), o.begin(), o.end()); }

  private:
    size_t size_ = 0;
    std::array<T, N> here_{};
    std::vector<T> more_;
};

}  // namespace aig
