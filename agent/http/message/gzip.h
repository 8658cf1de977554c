#pragma once

#include <memory>
#include <string_view>

#include "agent/http/message/http.h"

namespace hostnet {

// Whether this Accept-Encoding accepts gzip (RFC 9110 12.5.3: q-values, "*").
bool accepts_gzip(std::string_view accept_encoding);

// Compresses on the way to another sink.
class GzipSink : public Sink {
 public:
  GzipSink(Sink& to, int level);
  GzipSink(const GzipSink&) = delete;
  GzipSink& operator=(const GzipSink&) = delete;
  ~GzipSink() override;

  bool write(std::string_view bytes) override;
  // Ends the gzip member. Nothing may be written after it.
  bool finish();

 private:
  struct State;
  bool deflate_all(std::string_view bytes, int flush);
  Sink& to_;
  std::unique_ptr<State> state_;
};

}  // namespace hostnet
