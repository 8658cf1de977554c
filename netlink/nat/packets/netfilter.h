#pragma once

// The kernel's netfilter headers that bring <linux/in.h>, which only goes
// together with glibc's header when that comes first.

// clang-format off
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
// clang-format on
