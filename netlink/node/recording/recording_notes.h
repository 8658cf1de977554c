#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "netlink/node/recording/recording.h"

namespace hostnet {

// The answers so far of a node that is being recorded. Any thread.
struct RecordingNotes {
  std::mutex mutex;
  RecordingIndex index;
  std::map<std::string, std::string> contents;     // of files, by path
  std::map<std::string, std::string> dumps;        // messages, by file name
  std::map<std::string, std::string> attachments;  // by name
};

}  // namespace hostnet
