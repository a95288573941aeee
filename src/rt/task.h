// Task<T>: the coroutine type of every asynchronous function (Boost.Asio's awaitable on one thread's executor).
// Rules: co_await stands alone in its statement (auto r = co_await f(std::move(x));), parameters are taken by value, no
// capturing lambda is a coroutine, nothing that points into a reusable buffer, no lock and no transaction is held
// across one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/result.h"

namespace aig::rt {

using Executor = boost::asio::io_context::executor_type;
template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

}  // namespace aig::rt
