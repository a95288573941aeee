// What a Loop remembers beside its io_context: tasks waiting in rt::suspend (so that those never resumed are destroyed
// with the loop, not leaked), and the Door through which threads that may outlive the loop post to it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "rt/loop.h"

namespace aig::rt::detail {

class SuspensionList;

/// One task waiting in suspend(). Linked while it waits; resume() posts the task, drop() destroys it.
class Suspension {
  public:
    Suspension() = default;
    Suspension(const Suspension&) = delete;
    virtual ~Suspension() { unlink(); }
    virtual void resume() = 0;
    virtual void drop() = 0;

  protected:
    void unlink();

  private:
    friend class SuspensionList;
    Suspension* next_ = nullptr;
    Suspension** here_ = nullptr;
};

class SuspensionList {
  public:
    void add(Suspension& s);
    void drop_all();

  private:
    Suspension* first_ = nullptr;
};

/// Shut when the loop dies; posting through a shut door does nothing.
struct Door {
    std::mutex mutex;
    Loop* loop = nullptr;
    void shut();
    void post(std::function<void()> fn);
};

SuspensionList& suspensions(Loop& loop);
std::shared_ptr<Door> door(Loop& loop);

}  // namespace aig::rt::detail
