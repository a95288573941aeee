#include "api/off_loop.h"

#include <optional>

#include "rt/event.h"

namespace aig::api {

rt::Task<Status> answer_off_loop(Request& request, std::function<Result<Answer>()> work) {
    auto result = std::make_shared<std::optional<Result<Answer>>>();
    std::function<void()> run = [result, work = std::move(work)] { *result = work(); };
    auto ran = co_await rt::blocking(std::move(run));
    if (!ran) co_return std::move(ran).error();
    Result<Answer> answer = std::move(**result);
    if (!answer) co_return std::move(answer).error();
    auto sent = co_await reply_json(request, answer->status, std::move(answer->json));
    co_return sent;
}

}  // namespace aig::api
