// Result<T>: a value or an Error. I/O and decisions return it; exceptions of libraries are caught in the wrapper that
// calls them. [[nodiscard]], because a dropped error here is lost money. Values may be moved between threads.
//
//   TRY(auto v, parse(text));                    in functions that return Result
//   CO_TRY(auto v, co_await read(socket));       in coroutines that return Task<Result<...>>
//   TRYV(check(x)); CO_TRYV(co_await write(s));  the same for Result<void>
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

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

class [[nodiscard]] Error {
  public:
    /// `message` says what was wrong; the row's advice is appended by whoever renders it.
    Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
    explicit Error(ErrorCode code) : code_(code) {}

    ErrorCode code() const { return code_; }
    const ErrorRow& row() const { return error_row(code_); }
    const std::string& message() const { return message_; }
    const std::string& param() const { return param_; }
    const std::string& reason() const { return reason_; }
    int64_t retry_after_ms() const { return retry_after_ms_; }
    int status() const { return status_ ? status_ : row().status; }
    /// Members of details for dialects that show them, as the inside of a JSON object ("" = none).
    const std::string& details_json() const { return details_json_; }

    /// The request's field at fault, in the caller's words ("messages[3].content").
    Error&& param(std::string p) && { return param_ = std::move(p), std::move(*this); }
    /// A finer machine-readable word than the code ("spend_cap").
    Error&& reason(std::string r) && { return reason_ = std::move(r), std::move(*this); }
    /// 0 = no Retry-After.
    Error&& retry_after_ms(int64_t ms) && { return retry_after_ms_ = ms, std::move(*this); }
    /// Overrides the row's HTTP status (upstream 422 stays 422).
    Error&& status(int s) && { return status_ = s, std::move(*this); }
    Error&& details_json(std::string d) && { return details_json_ = std::move(d), std::move(*this); }

  private:
    ErrorCode code_;
    int status_ = 0;
    int64_t retry_after_ms_ = 0;
    std::string message_, param_, reason_, details_json_;
};

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}
    template <class U>
        requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, T>)
    Result(U&& u) : v_(std::in_place_index<0>, std::forward<U>(u)) {}

    bool ok() const { return v_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& operator*() & { return std::get<0>(v_); }
    const T& operator*() const& { return std::get<0>(v_); }
    T&& operator*() && { return std::get<0>(std::move(v_)); }
    T* operator->() { return &std::get<0>(v_); }
    const T* operator->() const { return &std::get<0>(v_); }
    Error& error() & { return std::get<1>(v_); }
    const Error& error() const& { return std::get<1>(v_); }
    Error&& error() && { return std::get<1>(std::move(v_)); }
    T value_or(T other) && { return ok() ? std::move(**this) : std::move(other); }

  private:
    std::variant<T, Error> v_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : e_(std::move(error)) {}

    bool ok() const { return !e_; }
    explicit operator bool() const { return ok(); }
    Error& error() & { return *e_; }
    const Error& error() const& { return *e_; }
    Error&& error() && { return *std::move(e_); }

  private:
    std::optional<Error> e_;
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
