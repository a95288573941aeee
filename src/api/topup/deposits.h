// Paying in: what a customer asks with their key, and what a payment processor tells with its signature.
#pragma once

#include "api/request.h"
#include "base/json.h"

namespace aig::api {

/// GET /v1/deposits: what came in, newest first.
rt::Task<Status> list_deposits(Request& request);
/// POST /v1/deposits {rail, amount?, currency?}: the address to send coins to, or an order to pay.
rt::Task<Status> make_deposit(Request& request);
/// POST /topup/callback/{rail}
rt::Task<Status> topup_callback(Request& request);

void write_deposit(JsonWriter& w, const topup::Deposit& deposit);
void write_order(JsonWriter& w, const topup::Order& order);
/// {"rail","network","token","contract","address","min_amount"}
std::string address_json(const topup::Topups& topups, std::string_view address);

}  // namespace aig::api
