// bench.Echo on gRPC C++ with its callback API, the fastest it has: a peer to measure against.
//
//   grpc_echo                                       serves, and prints its port
//   grpc_echo TARGET CHANNELS CONCURRENCY CALLS     calls Unary with 100 bytes, so many calls at once on each channel
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "echo.grpc.pb.h"

namespace {

// Writes the reply 100 times, each when the one before is on its way; deletes itself when the call is over.
class Repeat final : public grpc::ServerWriteReactor<bench::EchoReply> {
 public:
  explicit Repeat(const bench::EchoRequest& request) {
    reply_.set_payload(request.payload());
    Next();
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      Next();
    } else {
      Finish(grpc::Status(grpc::StatusCode::UNKNOWN, "the write failed"));
    }
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_-- > 0) {
      StartWrite(&reply_);
    } else {
      Finish(grpc::Status::OK);
    }
  }

  bench::EchoReply reply_;
  int left_ = 100;
};

class Echo final : public bench::Echo::CallbackService {
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const bench::EchoRequest* request,
                                  bench::EchoReply* reply) override {
    reply->set_payload(request->payload());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerWriteReactor<bench::EchoReply>* ServerStream(grpc::CallbackServerContext*,
                                                           const bench::EchoRequest* request) override {
    return new Repeat(*request);
  }
};

// One of those that call: the next call when the one before is answered. Every call has a context of its own.
class Caller final {
 public:
  Caller(bench::Echo::Stub* stub, std::atomic<long>* left, std::atomic<long>* running, std::promise<void>* over)
      : stub_(stub), left_(left), running_(running), over_(over) {
    request_.set_payload(std::string(100, 'a'));
  }
  void Next() {
    if (left_->fetch_sub(1) <= 0) {
      if (running_->fetch_sub(1) == 1) over_->set_value();
      return;
    }
    context_.emplace();
    stub_->async()->Unary(&*context_, &request_, &reply_, [this](const grpc::Status& status) {
      if (!status.ok() || reply_.payload().size() != 100) std::abort();
      Next();
    });
  }

 private:
  bench::Echo::Stub* stub_;
  std::atomic<long>* left_;
  std::atomic<long>* running_;
  std::promise<void>* over_;
  std::optional<grpc::ClientContext> context_;
  bench::EchoRequest request_;
  bench::EchoReply reply_;
};

int Drive(const std::string& target, int channels, int concurrency, long calls) {
  std::vector<std::unique_ptr<bench::Echo::Stub>> stubs;
  std::vector<std::unique_ptr<Caller>> callers;
  std::atomic<long> left(calls);
  std::atomic<long> running(static_cast<long>(channels) * concurrency);
  std::promise<void> over;
  for (int i = 0; i < channels; i++) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    stubs.push_back(
        bench::Echo::NewStub(grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments)));
    for (int j = 0; j < concurrency; j++) {
      callers.push_back(std::make_unique<Caller>(stubs.back().get(), &left, &running, &over));
    }
  }
  const auto start = std::chrono::steady_clock::now();
  for (auto& caller : callers) caller->Next();
  over.get_future().wait();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%ld calls in %.3f s: %ld a second\n", calls, took.count(), static_cast<long>(calls / took.count()));
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 5) {
    return Drive(arguments[1], std::atoi(arguments[2]), std::atoi(arguments[3]), std::atol(arguments[4]));
  }
  Echo service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  server->Wait();
}
