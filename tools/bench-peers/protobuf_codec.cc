// Google's protobuf for C++ on the bytes that codec-bench wrote: a peer to measure against. Prints codec-bench's line:
// message, bytes, ns to encode into a new string, into a kept buffer, to decode into a fresh message.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "record.pb.h"
#include "telehealth/v1/session.pb.h"

namespace {

constexpr int kRounds = 31;
constexpr int kRuns = 20000;

// CPU time of this thread: what else the machine does is not counted.
double Nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

template <typename Body>
double Measure(Body body) {
  const double start = Nanoseconds();
  for (int i = 0; i < kRuns; i++) body();
  return (Nanoseconds() - start) / kRuns;
}

int Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return static_cast<int>(values[values.size() / 2] + 0.5);
}

// Keeps the compiler from dropping what is measured.
template <typename Value>
void Keep(Value& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

template <typename Message>
bool Report(const char* name, const std::string& folder) {
  std::ifstream file(folder + "/" + name + ".bin", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Message message;
  if (bytes.empty() || !message.ParseFromString(bytes)) return false;
  std::vector<char> buffer(bytes.size() * 2);
  std::vector<double> fresh, kept, decode;
  for (int round = 0; round < kRounds; round++) {
    fresh.push_back(Measure([&] {
      std::string out = message.SerializeAsString();
      Keep(out);
    }));
    kept.push_back(Measure([&] {
      message.SerializeToArray(buffer.data(), static_cast<int>(buffer.size()));
      Keep(buffer);
    }));
    decode.push_back(Measure([&] {
      Message other;
      other.ParseFromString(bytes);
      Keep(other);
    }));
  }
  std::printf("%s %zu %d %d %d\n", name, bytes.size(), Median(fresh), Median(kept), Median(decode));
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  return Report<bench::Record>("Record", argv[1]) && Report<telehealth::v1::Session>("Session", argv[1]) ? 0 : 1;
}
