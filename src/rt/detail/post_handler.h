// How a parked task is posted to the queue of its loop. Apart from descriptor.h, which shows no Asio but its tasks.
#pragma once

#include <boost/asio/post.hpp>

#include "rt/descriptor.h"

namespace aig::rt::detail {

/// To the handler's own executor, which is its loop's.
template <class Handler>
void Parked::post_handler(Handler handler) {
    boost::asio::post(std::move(handler));
    call_this_loop();
}

}  // namespace aig::rt::detail
