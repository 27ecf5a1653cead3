// bench.Echo on grpc-go: a peer to measure against. Prints its port. The two messages are what protoc-gen-go makes of
// echo.proto, as far as they are used here.
package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/golang/protobuf/proto"
	"google.golang.org/grpc"
)

type echo struct {
	Payload []byte `protobuf:"bytes,1,opt,name=payload,proto3"`
}

var info proto.InternalMessageInfo

func (m *echo) Reset()                          { *m = echo{} }
func (m *echo) String() string                  { return proto.CompactTextString(m) }
func (*echo) ProtoMessage()                     {}
func (m *echo) XXX_Unmarshal(bytes []byte) error { return info.Unmarshal(m, bytes) }
func (m *echo) XXX_Marshal(bytes []byte, deterministic bool) ([]byte, error) {
	return info.Marshal(bytes, m, deterministic)
}
func (m *echo) XXX_Size() int       { return info.Size(m) }
func (m *echo) XXX_DiscardUnknown() { info.DiscardUnknown(m) }

func unary(_ interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
	request := new(echo)
	if err := decode(request); err != nil {
		return nil, err
	}
	return &echo{Payload: request.Payload}, nil
}

func serverStream(_ interface{}, stream grpc.ServerStream) error {
	request := new(echo)
	if err := stream.RecvMsg(request); err != nil {
		return err
	}
	for i := 0; i < 100; i++ {
		if err := stream.SendMsg(&echo{Payload: request.Payload}); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Echo",
		HandlerType: (*interface{})(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Unary", Handler: unary}},
		Streams:     []grpc.StreamDesc{{StreamName: "ServerStream", Handler: serverStream, ServerStreams: true}},
	}, struct{}{})
	fmt.Println("listening on", listener.Addr())
	log.Fatal(server.Serve(listener))
}
