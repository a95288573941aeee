// Result<T>: a value or an Error. I/O and decisions return it; exceptions of libraries are caught in the wrapper that
// calls them. [[nodiscard]], because a dropped error here is lost money. Values may be moved between threads.
//
//   TRY(auto v, parse(text));                    in functions that return Result
//   CO_TRY(auto v, co_await read(socket));       in coroutines that return Task<Result<...>>
//   TRYV(check(x)); CO_TRYV(co_await write(s));  the same for Result<void>
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aig {

enum class ErrorCode : uint8_t {
#define ERROR(code, status, fault, next, text) code,
#include "base/errors.def"
#undef ERROR
};

enum class Fault : uint8_t { caller, operator_, provider, gateway };
enum class NextStep : uint8_t { stop, next_target, cool_key, disable_key };

/// One row of errors.def.
struct ErrorRow {
    ErrorCode code;
    std::string_view name;
    int status;
    Fault fault;
    NextStep next;
    std::string_view advice;
};
const ErrorRow& error_row(ErrorCode);
size_t error_count();

/// One pointer wide: results are made, moved and destroyed everywhere, errors hardly ever. Moved from it is an error
/// still, with nothing to say.
class [[nodiscard]] Error {
  public:
    /// `message` says what was wrong; the row's advice is appended by whoever renders it.
    Error(ErrorCode code, std::string message);
    explicit Error(ErrorCode code);
    Error(const Error& other);
    Error(Error&& other) noexcept : said_(other.said_) {
        if (said_) other.said_ = &gone;
    }
    Error& operator=(const Error& other) { return *this = Error(other); }
    Error& operator=(Error&& other) noexcept {
        if (this == &other) return *this;
        if (said_) drop();
        said_ = other.said_;
        if (said_) other.said_ = &gone;
        return *this;
    }
    ~Error() {
        if (said_) drop();
    }

    ErrorCode code() const { return said_->code; }
    const ErrorRow& row() const { return error_row(said_->code); }
    const std::string& message() const { return said_->message; }
    const std::string& param() const { return said_->param; }
    const std::string& reason() const { return said_->reason; }
    int64_t retry_after_ms() const { return said_->retry_after_ms; }
    int status() const { return said_->status ? said_->status : row().status; }
    /// Members of details for dialects that show them, as the inside of a JSON object ("" = none).
    const std::string& details_json() const { return said_->details_json; }

    /// The request's field at fault, in the caller's words ("messages[3].content").
    Error&& param(std::string p) &&;
    /// A finer machine-readable word than the code ("spend_cap").
    Error&& reason(std::string r) &&;
    /// 0 = no Retry-After.
    Error&& retry_after_ms(int64_t ms) &&;
    /// Overrides the row's HTTP status (upstream 422 stays 422).
    Error&& status(int s) &&;
    Error&& details_json(std::string d) &&;

  private:
    template <class T>
    friend class Result;
    struct Said {
        ErrorCode code;
        int status = 0;
        int64_t retry_after_ms = 0;
        std::string message{}, param{}, reason{}, details_json{};
    };
    static Said gone;
    Error() = default;  ///< no error: within a Status
    Said& own();
    void drop() noexcept;

    Said* said_ = nullptr;
};

[[noreturn]] void throw_wrong_alternative();

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)), ok_(true) {}
    Result(Error error) : error_(std::move(error)), ok_(false) {}
    template <class U>
        requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, T>)
    Result(U&& u) : value_(std::forward<U>(u)), ok_(true) {}
    Result(const Result& other)
        requires(std::is_copy_constructible_v<T>)
        : ok_(other.ok_) {
        ok_ ? (void)std::construct_at(&value_, other.value_) : (void)std::construct_at(&error_, other.error_);
    }
    Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : ok_(other.ok_) { take(other); }
    /// By way of a value of its own: what is assigned may hang in what is replaced.
    Result& operator=(Result other) noexcept(std::is_nothrow_move_constructible_v<T>) {
        destroy();
        ok_ = other.ok_;
        take(other);
        return *this;
    }
    ~Result() { destroy(); }

    bool ok() const { return ok_; }
    explicit operator bool() const { return ok_; }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(value()); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    Error& error() & { return fault(); }
    const Error& error() const& { return const_cast<Result*>(this)->fault(); }
    Error&& error() && { return std::move(fault()); }
    T value_or(T other) && { return ok_ ? std::move(value_) : std::move(other); }

  private:
    T& value() {
        if (!ok_) throw_wrong_alternative();
        return value_;
    }
    const T& value() const { return const_cast<Result*>(this)->value(); }
    Error& fault() {
        if (ok_) throw_wrong_alternative();
        return error_;
    }
    void take(Result& other) {
        ok_ ? (void)std::construct_at(&value_, std::move(other.value_))
            : (void)std::construct_at(&error_, std::move(other.error_));
    }
    void destroy() { ok_ ? std::destroy_at(&value_) : std::destroy_at(&error_); }

    union {
        T value_;
        Error error_;
    };
    bool ok_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : e_(std::move(error)) {}

    bool ok() const { return !e_.said_; }
    explicit operator bool() const { return ok(); }
    Error& error() & { return fault(); }
    const Error& error() const& { return const_cast<Result*>(this)->fault(); }
    Error&& error() && { return std::move(fault()); }

  private:
    Error& fault() {
        if (ok()) throw_wrong_alternative();
        return e_;
    }
    Error e_;
};

using Status = Result<void>;

#define AIG_CAT2(a, b) a##b
#define AIG_CAT(a, b) AIG_CAT2(a, b)
#define AIG_TRY(ret, tmp, decl, ...)      \
    auto tmp = __VA_ARGS__;               \
    if (!tmp) ret std::move(tmp).error(); \
    decl = *std::move(tmp)
#define AIG_TRYV(ret, tmp, ...)               \
    do {                                      \
        auto tmp = __VA_ARGS__;               \
        if (!tmp) ret std::move(tmp).error(); \
    } while (0)
#define TRY(decl, ...) AIG_TRY(return, AIG_CAT(try_, __LINE__), decl, __VA_ARGS__)
#define CO_TRY(decl, ...) AIG_TRY(co_return, AIG_CAT(try_, __LINE__), decl, __VA_ARGS__)
#define TRYV(...) AIG_TRYV(return, AIG_CAT(try_, __LINE__), __VA_ARGS__)
#define CO_TRYV(...) AIG_TRYV(co_return, AIG_CAT(try_, __LINE__), __VA_ARGS__)

}  // namespace aig
