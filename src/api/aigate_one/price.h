// GET /api/v1/price: the price list of the simple API, in its own spellings. What it says is the operator's
// (billing.simple_price_file), not computed: its clients look their prices up by these very names.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> simple_prices(Request& request);
/// An object with text, image, sound and voice {cost: decimal text, unit} and video {model: {resolution: {seconds:
/// number}}}; config_invalid says what is wrong.
Status check_simple_prices(std::string_view json);

}  // namespace aig::api
