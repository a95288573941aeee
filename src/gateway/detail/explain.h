// x-aig-explain: the plan, the hold and the price of a call, instead of the call. Nothing is held, sent or charged.
#pragma once

#include "gateway/detail/flow.h"

namespace aig::gateway {

rt::Task<Status> explain(Flow& flow);

}  // namespace aig::gateway
