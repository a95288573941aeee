// The commands that the app brings: they only hand over what was parsed.
#include <iostream>

#include "cli/detail/builders.h"

namespace aig::cli {
namespace {
/// A binary without the hook was built without that part.
template <class Hook, class... Arguments>
int hand_over(const Context& context, const Hook& hook, const Arguments&... arguments) {
    if (!hook) return fail(context, Error(ErrorCode::not_in_version, "This binary has no such command."));
    return hook(arguments...);
}
}  // namespace

Action build_serve(Spec& spec) {
    auto o = std::make_shared<ServeOptions>();
    spec.needed("--config", "FILE", o->config_file, "the configuration (see: aig config docs)");
    spec.text("--ready-file", "FILE", o->ready_file,
              "written when connections are accepted: URLs and process id as JSON");
    return [o](const Context& c) { return hand_over(c, c.hooks.serve, *o); };
}

Action build_dev(Spec& spec) {
    auto o = std::make_shared<DevOptions>();
    spec.port("--port", o->port, "where to listen (8080); the admin listener is on the next port; 0 = free ports");
    spec.text("--host", "ADDRESS", o->host, "what to bind (127.0.0.1)");
    spec.text("--data", "DIR", o->data_dir, "keep the database and the keys here (a fresh temporary folder)");
    spec.text("--config", "FILE", o->config_file,
              "a configuration: its providers, models and prices beside the built-in ones, its billing and limits");
    spec.text("--ready-file", "FILE", o->ready_file,
              "written when connections are accepted: URLs, keys and admin token as JSON");
    return [o](const Context& c) { return hand_over(c, c.hooks.dev, *o); };
}

Action build_sim(Spec& spec) {
    auto o = std::make_shared<SimOptions>();
    spec.port("--port", o->port, "where to listen (8090); 0 = a free port");
    spec.text("--host", "ADDRESS", o->host, "what to bind (127.0.0.1)");
    spec.text("--bill", "FILE", o->bill_file, "append one JSON line a call: the provider's own invoice");
    spec.text("--script", "FILE", o->script_file, "answers to give instead of the built-in ones");
    spec.text("--ready-file", "FILE", o->ready_file, "written when connections are accepted");
    spec.toggle("--list-faults", o->list_faults, "print the faults a model name can ask for, and end");
    return [o](const Context& c) { return hand_over(c, c.hooks.sim, *o); };
}

Action build_config_check(Spec& spec) {
    auto file = std::make_shared<std::string>();
    spec.needed("FILE", "", *file, "the configuration");
    return [file](const Context& c) { return hand_over(c, c.hooks.config_check, *file); };
}
namespace {
/// A file may be named for symmetry with `config check`; what is printed does not depend on it.
Action printed(Spec& spec, std::function<int()> CliHooks::*hook) {
    auto unread = std::make_shared<std::string>();
    spec.text("FILE", "", *unread, "is not read: the answer is the same for every file");
    return [unread, hook](const Context& c) { return hand_over(c, c.hooks.*hook); };
}
}  // namespace
Action build_config_schema(Spec& spec) { return printed(spec, &CliHooks::config_schema); }
Action build_config_docs(Spec& spec) { return printed(spec, &CliHooks::config_docs); }

Action build_docs_cli(Spec&) {
    return [](const Context& c) {
        c.out << reference_markdown();
        return exit_ok;
    };
}

}  // namespace aig::cli
