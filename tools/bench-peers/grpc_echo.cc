// bench.Echo on gRPC C++ with its callback API, the fastest it has: a peer to measure against. Prints its port.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>

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

}  // namespace

int main() {
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
