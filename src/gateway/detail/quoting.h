// A call that presents a quote: it is charged by the quote's card and terms, holds its cap and never pays more.
#pragma once

#include "gateway/detail/flow.h"

namespace aig::gateway {

/// Reads the quote that the call names; resource_not_found, gone, conflict.
rt::Task<Status> find_quote(Flow& flow);
/// The call must be of the quote's model and fit its size; sets pricing, holding and, where the caller gave no maximum,
/// the maximum that is sent on.
Status use_quote(Flow& flow);
/// Into the hold's batch: the quote is taken, its coupon counted.
void take_quote(const Flow& flow, store::Ops& with);
/// Into the batch of a release: a call that cost nothing leaves the quote as it was.
void return_quote(const Flow& flow, store::Ops& with);

}  // namespace aig::gateway
