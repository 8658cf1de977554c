#pragma once

// The nf_tables machine behind compile_nft_rule(): one Path for each way that a
// packet may take through a rule.

#include <string>
#include <vector>

#include "netlink/nat/nftables/nft_compile.h"
#include "netlink/nat/packets/symbolic.h"
#include "netlink/nfnetlink_attributes.h"

namespace hostnet {

struct NftPath {
  SymbolicRegisters registers;
  // The packet's and its connection's marks as the rule changed them, by MarkKind.
  std::array<SymbolicMark, 2> marks;
  PacketScope scope;
  std::string comment;
};

class NftMachine {
 public:
  NftMachine(const NftRule& rule, const NftSetLookup& sets, const IpSetLookup& ip_sets,
             UnknownParts& unknown);

  // Executes one expression on every path.
  Result<> run(std::string_view name, std::span<const std::byte> data);
  // The rule, with the comment of a `match comment`, else its own.
  PacketRule finish() &&;

 private:
  using Data = std::span<const std::byte>;

  Result<> immediate(Data data);
  Result<> payload(Data data);
  Result<> meta(Data data);
  Result<> fib(Data data);
  Result<> conntrack(Data data);
  Result<> byteorder(Data data);
  Result<> bitwise(Data data);
  Result<> compare(Data data);
  Result<> range(Data data);
  Result<> lookup(Data data);
  Result<> translate(Data data);
  Result<> redirect(Data data);
  Result<> match(Data data);
  Result<> target(Data data);
  Result<> load(Data data, std::size_t register_attribute, PacketField field);
  Result<> load_mark(std::uint32_t number, MarkKind kind);
  Result<> set_mark(std::uint32_t number, MarkKind kind);
  Result<> tproxy(Data data);

  Result<> find_in(const NftSet& set, std::size_t from, const std::uint32_t* into);
  Result<> found_in(const NftElement& element, const NftPath& path, const PacketScope& scope,
                    const std::uint32_t* into, std::vector<NftPath>& next);
  Result<> recall_absence(const NftSet& set, std::size_t from);
  void end_or_narrow(std::string_view name);  // an expression whose data does not matter
  void narrow_all();
  void narrow_all_by_unknown(std::string name);
  void emit(const NftPath& path, const PacketAction& action);
  void emit_all(const PacketAction& action);
  void end_all(const PacketAction& action);
  void replace_paths(std::vector<NftPath> paths);
  void put_constant(SymbolicRegisters& registers, std::size_t at, Data value) const;
  std::optional<NatTarget> target_of(const NftPath& path, std::optional<AddressFamily> family,
                                     const std::array<std::uint32_t, 4>& registers) const;

  const NftSetLookup& sets_;
  const IpSetLookup& ip_sets_;
  UnknownParts& unknown_;
  std::optional<AddressFamily> family_;  // of the table; unset: both
  std::vector<NftPath> paths_;
  PacketRule out_;
};

}  // namespace hostnet
