// tests/demo/perf_event_printer.cc - the function of "Reading local variables with bpftrace", grown into a program: events come in
// as bytes, and perf_event_printer() acts on the id that each begins with. That id, printf_id, is the local variable to find.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace bpftrace {

enum class AsyncAction {
  printf  = 0,     // printf reserves 0-9999 for printf_ids
  syscall = 10000, // system reserves 10000-19999 for printf_ids
  cat     = 20000, // cat reserves 20000-29999 for printf_ids
  exit    = 30000,
  print,
  clear,
  zero,
  time,
  join,
  helper_error,
  print_non_map,
  strftime,
  watchpoint_attach,
  watchpoint_detach,
  skboutput,
};

static uint64_t asyncactionint(AsyncAction a)
{
  return static_cast<uint64_t>(a);
}

class BPFtrace {
public:
  void request_finalize() { finalize_ = true; }

  bool finalize_ = false;
  static volatile int exitsig_recv;
  std::vector<std::vector<uint8_t>> maps_;
  int errors_ = 0;
};
volatile int BPFtrace::exitsig_recv;

static void say(const char *what, const std::vector<uint8_t> &data)
{
  printf("  the program: %s, %zu bytes\n", what, data.size());
  fflush(stdout);
}

__attribute__((noinline)) void perf_event_printer(void *cb_cookie, void *data, int size)
{
  std::vector<uint8_t> data_aligned;
  data_aligned.resize(size);
  memcpy(data_aligned.data(), data, size);

  auto bpftrace = static_cast<BPFtrace *>(cb_cookie);
  auto arg_data = data_aligned.data();
  auto printf_id = *reinterpret_cast<uint64_t *>(arg_data);

  if (bpftrace->finalize_)
    return;
  if (bpftrace->exitsig_recv) {
    bpftrace->request_finalize();
    return;
  }

  if (printf_id == asyncactionint(AsyncAction::exit)) {
    say("ends", data_aligned);
    bpftrace->request_finalize();
    return;
  } else if (printf_id == asyncactionint(AsyncAction::print)) {
    say("prints a map", data_aligned);
    for (const auto &map : bpftrace->maps_)
      printf("  the program: a map of %zu bytes\n", map.size());
  } else if (printf_id == asyncactionint(AsyncAction::print_non_map)) {
    say("prints a value", data_aligned);
  } else if (printf_id == asyncactionint(AsyncAction::clear)) {
    bpftrace->maps_.clear();
    say("clears the maps", data_aligned);
  } else if (printf_id == asyncactionint(AsyncAction::zero)) {
    for (auto &map : bpftrace->maps_)
      map.assign(map.size(), 0);
    say("zeroes the maps", data_aligned);
  } else if (printf_id == asyncactionint(AsyncAction::time)) {
    say("prints the time", data_aligned);
  } else if (printf_id == asyncactionint(AsyncAction::join)) {
    bpftrace->maps_.push_back(data_aligned);
    say("joins words", data_aligned);
  } else if (printf_id == asyncactionint(AsyncAction::helper_error)) {
    bpftrace->errors_++;
    say("counts an error", data_aligned);
  } else if (printf_id == asyncactionint(AsyncAction::watchpoint_attach)) {
    say("attaches a watchpoint", data_aligned);
  } else if (printf_id < asyncactionint(AsyncAction::syscall)) {
    say("formats", data_aligned);
  }
}

} // namespace bpftrace

int main()
{
  const uint64_t ids[] = {7, 30005, 30007, 30001, 30007, 30000};
  bpftrace::BPFtrace bpftrace;
  for (uint64_t id : ids) {
    uint8_t event[24] = {};
    memcpy(event, &id, sizeof id);
    bpftrace::perf_event_printer(&bpftrace, event, sizeof event);
  }
}
