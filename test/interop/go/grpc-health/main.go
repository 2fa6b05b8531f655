// A gRPC server with the health service of grpc-go, for test/interop/grpc.test.ts. It says where it listens, and ends
// in good order (GOAWAY, then the open calls) on SIGTERM.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

var (
	listen   = flag.String("listen", "127.0.0.1:0", "address and port")
	cert     = flag.String("cert", "", "certificate (PEM); none: plain text")
	key      = flag.String("key", "", "its private key (PEM)")
	clientCA = flag.String("client-ca", "", "authority of the client certificates that are demanded (PEM)")
	maxAge   = flag.Duration("max-age", 0, "how long a connection may live; 0: for ever")
	delay    = flag.Duration("delay", 0, "how long each answer takes")
	code     = flag.Uint("code", 0, "status that every call ends with instead of an answer")
	isEmpty  = flag.Bool("empty", false, "without the health service")
)

func main() {
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(options()...)
	if !*isEmpty {
		service := health.NewServer()
		service.SetServingStatus("up", grpc_health_v1.HealthCheckResponse_SERVING)
		service.SetServingStatus("down", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
		grpc_health_v1.RegisterHealthServer(server, service)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		server.GracefulStop()
	}()
	fmt.Println(listener.Addr())
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

func options() []grpc.ServerOption {
	chosen := []grpc.ServerOption{grpc.UnaryInterceptor(intercept)}
	if *maxAge > 0 {
		chosen = append(chosen, grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge:      *maxAge,
			MaxConnectionAgeGrace: time.Second,
		}))
	}
	if *cert != "" {
		chosen = append(chosen, grpc.Creds(credentials.NewTLS(tlsConfig())))
	}
	return chosen
}

func tlsConfig() *tls.Config {
	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if *clientCA != "" {
		text, err := os.ReadFile(*clientCA)
		if err != nil {
			log.Fatal(err)
		}
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(text)
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config
}

func intercept(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	time.Sleep(*delay)
	if *code != 0 {
		return nil, status.Error(codes.Code(*code), "as it was told: 100 % ✓")
	}
	return handle(ctx, request)
}
