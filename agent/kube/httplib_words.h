#pragma once

#include <httplib.h>

#include <string_view>

namespace hostnet {

// cpp-httplib's errors in words, for people; it only has the names of an enumeration.
inline std::string_view words_for(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection: return "cannot connect";
    case httplib::Error::ConnectionTimeout: return "no connection in time";
    case httplib::Error::Read: return "the answer was cut short or did not come";
    case httplib::Error::Write: return "the request could not be sent";
    case httplib::Error::SSLConnection: return "TLS failed";
    case httplib::Error::SSLServerVerification: return "its certificate is not accepted";
    case httplib::Error::Canceled: return "the answer was given up";
    default: return "no answer";
  }
}

}  // namespace hostnet
