#pragma once

// The kernel's netfilter headers, which include <linux/in.h>: it only works together
// with glibc's header if that comes first.

// clang-format off
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
// clang-format on
