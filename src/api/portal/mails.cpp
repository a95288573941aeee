// What is mailed, word for word. Links carry their token behind '#', which no browser sends to a server.
#include <fmt/format.h>

#include "api/portal/detail/call.h"

namespace aig::api {

mail::Message verify_mail(std::string to, std::string_view url, std::string_view token) {
    return {std::move(to), "Confirm your e-mail address",
            fmt::format("Open this link to confirm your e-mail address. It works once, for two days:\n\n"
                        "{}/portal/#verify={}\n\n"
                        "If you did not sign up, ignore this mail: nothing happens without the link.\n",
                        url, token)};
}

mail::Message taken_mail(std::string to, std::string_view url) {
    return {
        std::move(to), "You have an account already",
        fmt::format("Somebody, perhaps you, tried to sign up with this address. You have an account already; log in\n"
                    "at {0}/portal/ or ask for a new password there.\n\n"
                    "If it was not you, there is nothing to do.\n",
                    url)};
}

mail::Message reset_mail(std::string to, std::string_view url, std::string_view token) {
    return {std::move(to), "Choose a new password",
            fmt::format("Open this link to choose a new password. It works once, for an hour:\n\n"
                        "{}/portal/#reset={}\n\n"
                        "If you did not ask for it, ignore this mail: your password stays as it is.\n",
                        url, token)};
}

mail::Message password_changed_mail(std::string to) {
    return {std::move(to), "Your password was changed",
            "The password of your account was changed, and all other sessions were ended.\n\n"
            "If it was not you, ask for a new password now and write to the operator of this service.\n"};
}

mail::Message invite_mail(std::string to, std::string_view url, std::string_view token, std::string_view account) {
    return {
        std::move(to), "You are invited to an account",
        fmt::format("You are invited to the account \"{}\". Open this link to join it. It works once, for a week:\n\n"
                    "{}/portal/#invite={}\n\n"
                    "If you know nothing of it, ignore this mail.\n",
                    account, url, token)};
}

}  // namespace aig::api
