// The rate of one arithmetic instruction, with all operands in registers: the most that a core can do.
//
// Compiled once for each instruction, with -DLOOP_<NAME> and the compiler's flag for its instruction set
// (`bench/measure/instruction_loops.py`), so that a compiler which does not know one of them costs that one only.
// Instructions are written as assembly: a compiler may then neither merge nor drop any, and <immintrin.h>, which takes
// a second to compile, is not needed.
//
// Source of the method: Agner Fog, Optimizing software in C++, chapter 11 (independent accumulators), and
// https://uops.info for latencies: 4 or 5 cycles at two instructions a cycle on x86, 4 cycles at four on Arm's servers.
// So 12 accumulators keep all units busy on x86, and 24 do everywhere.

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define REPEAT_12(STEP) \
  STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) STEP(8) STEP(9) STEP(10) STEP(11)
#define REPEAT_24(STEP)                                                                                  \
  REPEAT_12(STEP)                                                                                        \
  STEP(12) STEP(13) STEP(14) STEP(15) STEP(16) STEP(17) STEP(18) STEP(19) STEP(20) STEP(21) STEP(22) STEP(23)

#if defined(LOOP_AVX512_FP32)
#define INSTRUCTION "vfmadd231ps %2, %1, %0"
#define OPERATIONS (2 * 16)
#define VECTOR_BYTES 64
#elif defined(LOOP_AVX2_FP32)
#define INSTRUCTION "vfmadd231ps %2, %1, %0"
#define OPERATIONS (2 * 8)
#define VECTOR_BYTES 32
#elif defined(LOOP_AVX512_BF16)
#define INSTRUCTION "vdpbf16ps %2, %1, %0"
#define OPERATIONS (2 * 32)
#define VECTOR_BYTES 64
#elif defined(LOOP_AVX512_FP16)
#define INSTRUCTION "vfmadd231ph %2, %1, %0"
#define OPERATIONS (2 * 32)
#define VECTOR_BYTES 64
#elif defined(LOOP_AVX512_INT8)
#define INSTRUCTION "vpdpbusd %2, %1, %0"
#define OPERATIONS (2 * 64)
#define VECTOR_BYTES 64
#elif defined(LOOP_AVX_INT8)
#define INSTRUCTION "%{vex%} vpdpbusd %2, %1, %0"
#define OPERATIONS (2 * 32)
#define VECTOR_BYTES 32
#elif defined(LOOP_AMX_BF16)
#define TILE_INSTRUCTION "tdpbf16ps"
#define OPERATIONS (2 * 16 * 16 * 32)
#elif defined(LOOP_AMX_FP16)
#define TILE_INSTRUCTION "tdpfp16ps"
#define OPERATIONS (2 * 16 * 16 * 32)
#elif defined(LOOP_AMX_INT8)
#define TILE_INSTRUCTION "tdpbssd"
#define OPERATIONS (2 * 16 * 16 * 64)
#elif defined(LOOP_NEON_FP32)
#define INSTRUCTION "fmla %0.4s, %1.4s, %2.4s"
#define OPERATIONS (2 * 4)
#define VECTOR_BYTES 16
#elif defined(LOOP_NEON_FP16)
#define INSTRUCTION "fmla %0.8h, %1.8h, %2.8h"
#define OPERATIONS (2 * 8)
#define VECTOR_BYTES 16
#elif defined(LOOP_NEON_BF16)
#define INSTRUCTION "bfmmla %0.4s, %1.8h, %2.8h"
#define OPERATIONS (2 * 16)
#define VECTOR_BYTES 16
#elif defined(LOOP_NEON_INT8_MATRIX)
#define INSTRUCTION "smmla %0.4s, %1.16b, %2.16b"
#define OPERATIONS (2 * 32)
#define VECTOR_BYTES 16
#elif defined(LOOP_NEON_INT8_DOT)
#define INSTRUCTION "sdot %0.4s, %1.16b, %2.16b"
#define OPERATIONS (2 * 16)
#define VECTOR_BYTES 16
#else
#error "define one of the loops above, as -DLOOP_AVX512_FP32"
#endif

#if defined(__x86_64__)
#define VECTOR_REGISTER "v"
#else
#define VECTOR_REGISTER "w"
#endif

namespace {

constexpr long kRoundsPerClock = 1000;  // Some 3 µs between two readings of the clock, which takes 30 ns.

// 0.747 in fp32 and bf16, 1.81 in fp16, 63 in int8. Zeros would draw less power, and let the clock rise above what
// products of real data see.
constexpr int kValues = 0x3f3f3f3f;

#if defined(TILE_INSTRUCTION)

#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

constexpr int kTiles = 6;  // A tile instruction has a latency of 52 cycles and begins every 16: four would do.
constexpr long kInstructions = kTiles;

struct TileConfiguration {  // Intel's manual, volume 1, section 18.2: palette 1, rows and bytes of a row of each tile.
  unsigned char palette = 1, start_row = 0, reserved[14] = {};
  unsigned short row_bytes[16] = {};
  unsigned char rows[16] = {};
};

bool has_instruction() {
#if defined(LOOP_AMX_FP16)
  // Of the tile instructions this one alone has no flag in /proc/cpuinfo: CPUID leaf 7, subleaf 1, EAX bit 21.
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 21 & 1);
#else
  return true;
#endif
}

bool prepare_thread() {
  // ARCH_REQ_XCOMP_PERM of XFEATURE_XTILEDATA (Linux, Documentation/arch/x86/xstate.rst): without it the first tile
  // instruction ends the process.
  if (!has_instruction() || syscall(SYS_arch_prctl, 0x1023, 18) != 0) return false;
  TileConfiguration tiles;
  for (int tile = 0; tile < 8; ++tile) {
    tiles.row_bytes[tile] = 64;
    tiles.rows[tile] = 16;
  }
  unsigned char values[1024];
  memset(values, kValues & 0xff, sizeof values);
  const long stride = 64;
  asm volatile(
      "ldtilecfg %0\n"
      "tilezero %%tmm0\n tilezero %%tmm1\n tilezero %%tmm2\n tilezero %%tmm3\n tilezero %%tmm4\n tilezero %%tmm5\n"
      "tileloadd (%1,%2,1), %%tmm6\n"
      "tileloadd (%1,%2,1), %%tmm7\n"
      :
      : "m"(tiles), "r"(values), "r"(stride)
      : "memory");
  return true;
}

void run_rounds() {
#define STEP(TILE) TILE_INSTRUCTION " %%tmm7, %%tmm6, %%tmm" #TILE "\n"
  for (long round = 0; round < kRoundsPerClock; ++round) {
    asm volatile(STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) :::);
  }
#undef STEP
}

void finish_thread() { asm volatile("tilerelease"); }

#else

typedef int Vector __attribute__((vector_size(VECTOR_BYTES)));

#if VECTOR_BYTES == 32
#define REPEAT REPEAT_12  // AVX2 has 16 registers.
constexpr long kInstructions = 12;
#else
#define REPEAT REPEAT_24
constexpr long kInstructions = 24;
#endif

bool prepare_thread() { return true; }

void run_rounds() {
  Vector left = Vector{} + kValues, right = Vector{} + kValues;
  asm volatile("" : "+" VECTOR_REGISTER(left), "+" VECTOR_REGISTER(right));
#define STEP(NUMBER) Vector sum##NUMBER = {};
  REPEAT(STEP)
#undef STEP
  for (long round = 0; round < kRoundsPerClock; ++round) {
#define STEP(NUMBER) \
  asm volatile(INSTRUCTION : "+" VECTOR_REGISTER(sum##NUMBER) : VECTOR_REGISTER(left), VECTOR_REGISTER(right));
    REPEAT(STEP)
#undef STEP
  }
}

void finish_thread() {}

#endif

double read_clock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

struct Shared {
  int threads = 0;
  double seconds = 0;
  int waiting = 0;  // Threads that have reached the barrier.
};

struct Thread {
  Shared* shared = nullptr;
  double start = 0, end = 0, operations = 0;
};

void* run_thread(void* argument) {
  Thread& self = *static_cast<Thread*>(argument);
  const bool prepared = prepare_thread();
  __atomic_add_fetch(&self.shared->waiting, 1, __ATOMIC_ACQ_REL);
  while (__atomic_load_n(&self.shared->waiting, __ATOMIC_ACQUIRE) < self.shared->threads) sched_yield();
  if (!prepared) return nullptr;
  self.start = self.end = read_clock();
  while (self.end - self.start < self.shared->seconds) {
    run_rounds();
    self.operations += double(kRoundsPerClock) * kInstructions * OPERATIONS;
    self.end = read_clock();
  }
  finish_thread();
  return nullptr;
}

constexpr int kMostThreads = 4096;
Thread states[kMostThreads];
pthread_t handles[kMostThreads];

}  // namespace

// Operations a second of all threads together, from the first one's start to the last one's end. Each is held to a CPU of
// its own as far as this process has as many. -1: a thread could not be started, or the kernel refuses the instruction.
extern "C" double measure_loop(int threads, double seconds) {
  if (threads < 1 || threads > kMostThreads) return -1;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return -1;
  Shared shared;
  shared.threads = threads;
  shared.seconds = seconds;
  int started = 0;
  for (int cpu = -1; started < threads; ++started) {
    do cpu = (cpu + 1) % CPU_SETSIZE;
    while (!CPU_ISSET(cpu, &allowed));
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setaffinity_np(&attributes, sizeof only, &only);
    states[started] = Thread();
    states[started].shared = &shared;
    const bool failed = pthread_create(&handles[started], &attributes, run_thread, &states[started]) != 0;
    pthread_attr_destroy(&attributes);
    if (failed) break;
  }
  // Those that were not started must not be waited for.
  __atomic_add_fetch(&shared.waiting, threads - started, __ATOMIC_ACQ_REL);
  double operations = 0, start = 0, end = 0;
  bool complete = started == threads;
  for (int thread = 0; thread < started; ++thread) {
    pthread_join(handles[thread], nullptr);
    const Thread& state = states[thread];
    complete = complete && state.operations > 0;
    operations += state.operations;
    if (thread == 0 || state.start < start) start = state.start;
    if (thread == 0 || state.end > end) end = state.end;
  }
  return complete ? operations / (end - start) : -1;
}
