#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstring>
#include <memory>

#include "mail/detail/smtp.h"

namespace aig::mail {
namespace {

/// libcurl, loaded with the first mail: with what it loads itself it takes four megabytes, and most nodes send none.
struct Library {
    decltype(&curl_easy_init) init = nullptr;
    decltype(&curl_easy_cleanup) cleanup = nullptr;
    decltype(&curl_easy_setopt) set = nullptr;
    decltype(&curl_easy_getinfo) get = nullptr;
    decltype(&curl_easy_perform) perform = nullptr;
    decltype(&curl_easy_strerror) text_of = nullptr;
    decltype(&curl_slist_append) append = nullptr;
    decltype(&curl_slist_free_all) free_all = nullptr;
    std::string missing;  ///< why it cannot be used; "" = it can
};

Library load() {
    Library l;
    void* const file = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!file) {
        const char* const why = dlerror();
        l.missing = fmt::format("libcurl, which sends mail, is not there (Debian: apt-get install libcurl4): {}",
                                why ? why : "unknown");
        return l;
    }
    const auto find = [&](auto& function, const char* name) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(file, name));
        if (!function) l.missing = fmt::format("libcurl lacks {}", name);
    };
    decltype(&curl_global_init) start = nullptr;
    find(start, "curl_global_init");
    find(l.init, "curl_easy_init");
    find(l.cleanup, "curl_easy_cleanup");
    find(l.set, "curl_easy_setopt");
    find(l.get, "curl_easy_getinfo");
    find(l.perform, "curl_easy_perform");
    find(l.text_of, "curl_easy_strerror");
    find(l.append, "curl_slist_append");
    find(l.free_all, "curl_slist_free_all");
    if (l.missing.empty() && start(CURL_GLOBAL_DEFAULT) != CURLE_OK) l.missing = "libcurl does not start";
    return l;
}
const Library& library() {
    static const Library loaded = load();
    return loaded;
}

struct Free {
    void operator()(CURL* c) const { library().cleanup(c); }
    void operator()(curl_slist* l) const { library().free_all(l); }
};

struct Upload {
    std::string_view left;
};
size_t give(char* into, size_t size, size_t count, void* user) {
    auto& left = static_cast<Upload*>(user)->left;
    const size_t n = std::min(size * count, left.size());
    std::memcpy(into, left.data(), n);
    left.remove_prefix(n);
    return n;
}

int keep_going(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
}

/// What was said last says whether trying again helps; credentials and a wrong certificate are the operator's to mend.
Sent outcome(CURLcode code, long reply) {
    if (code == CURLE_OK) return {true, false, {}};
    const bool for_good = reply >= 500 && reply < 600 && code != CURLE_LOGIN_DENIED;
    return {false, !for_good, fmt::format("{} (last SMTP reply {})", library().text_of(code), reply)};
}
}  // namespace

Sent send_smtp(const Smtp& smtp, const std::string& from, const std::string& to, const std::string& bytes,
               const std::atomic<bool>& stop) {
    const Library& curl = library();
    if (!curl.missing.empty()) return {false, true, curl.missing};
    const std::unique_ptr<CURL, Free> c(curl.init());
    const std::unique_ptr<curl_slist, Free> to_list(curl.append(nullptr, ("<" + to + ">").c_str()));
    if (!c || !to_list) return {false, true, "there is no memory for it"};
    const auto set = [&](auto option, auto value) { curl.set(c.get(), option, value); };
    Upload upload{bytes};
    const std::string envelope = "<" + from + ">";
    set(CURLOPT_URL, smtp.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_USE_SSL, static_cast<long>(smtp.starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!smtp.ca_file.empty()) set(CURLOPT_CAINFO, smtp.ca_file.c_str());
    if (!smtp.user.empty()) {
        set(CURLOPT_USERNAME, smtp.user.c_str());
        set(CURLOPT_PASSWORD, smtp.password.c_str());
    }
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(smtp.timeout_ms));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(smtp.timeout_ms / 2));
    set(CURLOPT_MAIL_FROM, envelope.c_str());
    set(CURLOPT_MAIL_RCPT, to_list.get());
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, give);
    set(CURLOPT_READDATA, static_cast<void*>(&upload));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, keep_going);
    set(CURLOPT_XFERINFODATA, const_cast<void*>(static_cast<const void*>(&stop)));
    const auto code = curl.perform(c.get());
    long reply = 0;
    curl.get(c.get(), CURLINFO_RESPONSE_CODE, &reply);
    return outcome(code, reply);
}

}  // namespace aig::mail
