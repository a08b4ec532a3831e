// BTF and tracefs facts through the recorded kernel, and what must also hold on the running one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kernel/btf_types.h"
#include "kernel/kernel_text.h"
#include "kernel/live_view.h"
#include "kernel/snapshot_view.h"

namespace sonde::kernel {
namespace {

using types::Kind;
using types::printed;
using types::Space;

class Snapshot : public testing::Test {
 protected:
  void SetUp() override {
    auto view = snapshot_view(context_, std::string(SONDE_TESTS_DIR) + "/snapshots/linux-6.18");
    ASSERT_TRUE(view) << view.error().text();
    view_ = std::move(*view);
  }
  const types::CField& field(std::string_view record, std::string_view name) {
    const auto path = view_->find_type("struct", record)->c_record->find(name);
    EXPECT_FALSE(path.empty()) << record << "." << name;
    return *path.back();
  }
  types::TypeContext context_;
  std::unique_ptr<KernelView> view_;
};

TEST_F(Snapshot, Machine) {
  EXPECT_EQ(view_->arch(), "x86_64");
  EXPECT_TRUE(view_->release().starts_with("6.18"));
  EXPECT_EQ(view_->possible_cpus(), 2u);
  EXPECT_EQ(*view_->symbol_address("vfs_read"), 0xffffffff816b5850u);
  EXPECT_EQ(view_->symbol_address("vfs_rea").error().what, "no kernel symbol vfs_rea");
  EXPECT_EQ(*view_->cgroup_id("/sys/fs/cgroup"), 1u);
  EXPECT_EQ(view_->cgroup_id("/elsewhere").error().code, ENOENT);
  EXPECT_FALSE(view_->traceable_functions());
}

TEST_F(Snapshot, Features) {
  EXPECT_TRUE(view_->has_feature("btf"));
  EXPECT_TRUE(view_->has_feature("uprobe"));
  EXPECT_FALSE(view_->has_feature("kprobe"));
  EXPECT_FALSE(view_->has_feature("kprobe_multi"));
  EXPECT_TRUE(view_->has_feature("uprobe_multi"));
  EXPECT_TRUE(view_->has_feature("get_func_ip"));
  EXPECT_TRUE(view_->has_feature("kfunc:bpf_task_from_pid"));
  EXPECT_FALSE(view_->has_feature("kfunc:bpf_no_such_thing"));
  EXPECT_FALSE(view_->has_feature("no_such_helper"));
}

TEST_F(Snapshot, NamedTypes) {
  EXPECT_EQ(printed(view_->find_type("", "u32")), "uint32");
  EXPECT_EQ(printed(view_->find_type("", "pid_t")), "int32");
  EXPECT_EQ(printed(view_->find_type("", "bool")), "uint8");
  EXPECT_EQ(printed(view_->find_type("", "char")), "uint8");
  EXPECT_EQ(view_->find_type("", "task_struct"), nullptr);
  EXPECT_EQ(view_->find_type("struct", "no_such_struct"), nullptr);
  const types::TypeRef mode = view_->find_type("enum", "hrtimer_mode");
  EXPECT_EQ(printed(mode), "enum hrtimer_mode");
  EXPECT_EQ(mode->size, 8u);
}

TEST_F(Snapshot, Fields) {
  EXPECT_EQ(printed(field("task_struct", "comm").type), "string[16]");
  EXPECT_EQ(printed(field("task_struct", "pid").type), "int32");
  EXPECT_EQ(printed(field("task_struct", "group_leader").type), "struct task_struct *");
  EXPECT_EQ(field("task_struct", "group_leader").type->space, Space::kernel);
  EXPECT_EQ(printed(field("dentry", "d_parent").type), "struct dentry *");
  EXPECT_EQ(printed(field("dentry", "d_name").type), "struct qstr");
  EXPECT_EQ(printed(field("seq_file", "op").type), "struct seq_operations *");
  EXPECT_EQ(field("pt_regs", "ip").offset, 128u);
  // Through two anonymous members.
  const auto path = view_->find_type("struct", "sock_common")->c_record->find("skc_daddr");
  ASSERT_EQ(path.size(), 3u);
  EXPECT_EQ(path[2]->name, "skc_daddr");
}

TEST_F(Snapshot, Bitfields) {
  const types::CField& reuse = field("sock_common", "skc_reuse");  // unsigned char skc_reuse:4
  EXPECT_EQ(reuse.bit_size, 4);
  EXPECT_EQ(reuse.type->size, 1u);
  const types::CField& port = field("sock_common", "skc_reuseport");  // the next bit of the same byte
  EXPECT_EQ(port.offset, reuse.offset);
  EXPECT_EQ(port.bit_offset, 4);
  EXPECT_EQ(port.bit_size, 1);
}

TEST_F(Snapshot, RecordsOnlyPointedToHaveNoFields) {
  const types::TypeRef target = field("seq_file", "op").type->element;
  EXPECT_EQ(target->size, 0u);
  EXPECT_TRUE(target->c_record->fields().empty());
}

TEST_F(Snapshot, Enumerators) {
  const auto length = view_->find_enumerator("TASK_COMM_LEN");
  ASSERT_TRUE(length);
  EXPECT_EQ(length->value, 16u);
  EXPECT_EQ(length->type->size, 8u);
  EXPECT_EQ(view_->find_enumerator("HRTIMER_MODE_REL")->value, 1u);
  EXPECT_FALSE(view_->find_enumerator("task_struct"));
}

TEST_F(Snapshot, Functions) {
  const auto read = view_->find_function("", "vfs_read");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->module, "vmlinux");
  ASSERT_EQ(read->parameters.size(), 4u);
  EXPECT_EQ(read->parameters[0].c_text + "|" + read->parameters[0].name, "struct file *|file");
  EXPECT_EQ(read->parameters[1].c_text, "char *");
  EXPECT_EQ(printed(read->parameters[2].type), "uint64");
  EXPECT_EQ(printed(read->result), "int64");
  EXPECT_EQ(view_->find_function("", "mmput")->result->kind, Kind::void_type);
  EXPECT_EQ(view_->find_function("ext4", "vfs_read").error().what, "BTF data for the function not found");
}

TEST_F(Snapshot, RawTracepointsNameTheirParameters) {
  const auto proto = view_->find_raw_tracepoint("sched_switch");
  ASSERT_TRUE(proto);
  std::string text;
  for (const Parameter& parameter : proto->parameters) text += parameter.c_text + " " + parameter.name + "; ";
  EXPECT_EQ(text, "bool preempt; struct task_struct * prev; struct task_struct * next; unsigned int prev_state; ");
  EXPECT_FALSE(view_->find_raw_tracepoint("sched_nothing"));
  const auto names = view_->raw_tracepoints();
  ASSERT_TRUE(names);
  EXPECT_TRUE(std::binary_search(names->begin(), names->end(), "vmlinux:sched_switch"));
}

TEST_F(Snapshot, Iterators) {
  EXPECT_EQ(view_->iterators(), (std::vector<std::string>{"bpf_map", "task", "task_file"}));
  const auto proto = view_->find_iterator("task_file");
  ASSERT_TRUE(proto);
  EXPECT_EQ(printed(proto->result), "struct bpf_iter__task_file");
  ASSERT_EQ(proto->parameters.size(), 3u);
  EXPECT_EQ(proto->parameters[1].c_text + " " + proto->parameters[1].name, "u32 fd");
}

TEST_F(Snapshot, TracepointFormat) {
  const auto format = view_->tracepoint_format("sched", "sched_process_exec");
  ASSERT_TRUE(format);
  ASSERT_EQ(format->fields.size(), 7u);
  EXPECT_TRUE(format->fields[3].common);
  const TracepointField& filename = format->fields[4];
  EXPECT_TRUE(filename.data_loc);
  EXPECT_FALSE(filename.common);
  EXPECT_EQ(filename.text, "__data_loc char[] filename");
  EXPECT_EQ(filename.name, "filename");
  EXPECT_EQ(filename.offset, 8u);
  EXPECT_EQ(view_->tracepoint_format("sched", "nothing").error().code, ENOENT);
  const auto raw = view_->tracepoint_format("raw_syscalls", "sys_enter");
  EXPECT_EQ(raw->fields.back().name, "args");
  EXPECT_EQ(raw->fields.back().type_text, "unsigned long");
  EXPECT_EQ(raw->fields.back().array_length, 6u);
}

TEST_F(Snapshot, TypeTexts) {
  const auto text = [&](std::string_view c) { return printed(type_from_text(*view_, c)); };
  EXPECT_EQ(text("unsigned long"), "uint64");
  EXPECT_EQ(text("long unsigned int"), "uint64");
  EXPECT_EQ(text("unsigned"), "uint32");
  EXPECT_EQ(text("short"), "int16");
  EXPECT_EQ(text("long long"), "int64");
  EXPECT_EQ(text("const char *"), "uint8 *");
  EXPECT_EQ(text("const char *const *"), "uint8 * *");
  EXPECT_EQ(text("struct task_struct *"), "struct task_struct *");
  EXPECT_EQ(text("struct never_heard_of *"), "void *");
  EXPECT_EQ(text("struct never_heard_of"), "none");
  EXPECT_EQ(text("void *"), "void *");
  EXPECT_EQ(text("enum hrtimer_mode"), "enum hrtimer_mode");
  EXPECT_EQ(type_from_text(*view_, "char __attribute__((btf_type_tag(\"user\"))) *")->space, Space::user);
  EXPECT_EQ(type_from_text(*view_, "char *")->space, Space::kernel);
}

TEST(KernelText, Lists) {
  EXPECT_EQ(count_cpus("0-3,8\n"), 5u);
  EXPECT_EQ(count_cpus("0\n"), 1u);
  EXPECT_EQ(count_cpus("junk"), 0u);
  EXPECT_EQ(parse_traceable("b\na [mod]\nrcu_x\nb\ndefault_idle\n"), (std::vector<std::string>{"mod:a", "vmlinux:b"}));
  EXPECT_EQ(kallsyms_address("0000000000000000 T f\n", "f").error().what,
            "/proc/kallsyms hides addresses (kernel.kptr_restrict)");
  EXPECT_EQ(*kallsyms_address("00ff T ff\n0010 t f\t[m]\n", "f"), 0x10u);
}

TEST(KernelText, DamagedBtfIsRefusedOrEmpty) {
  char folder[] = "/tmp/sonde-btf-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/btf";
  std::ifstream whole(std::string(SONDE_TESTS_DIR) + "/snapshots/linux-6.18/btf/vmlinux", std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(whole), {}};
  const auto open_with = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return Btf::open(path);
  };
  EXPECT_FALSE(open_with("short"));
  EXPECT_FALSE(open_with(std::string(100, 'x')));
  EXPECT_FALSE(open_with(good.substr(0, good.size() / 2)));
  // Every 4099th word replaced: types and ids are wild, lookups must still end.
  std::string wild = good;
  for (size_t at = 24; at + 4 < wild.size() - 1000; at += 4099) wild.replace(at, 4, "\xff\xff\xff\x7f");
  const auto btf = open_with(wild);
  ASSERT_TRUE(btf);
  types::TypeContext context;
  BtfTypes types(**btf, context);
  for (uint32_t id = 1; id < (*btf)->end_id(); ++id) {
    types::TypeRef type = types.convert(id);
    if (type->c_record) type->c_record->find("nothing");
    types.c_text(id);
  }
  std::remove(path.c_str());
  ::rmdir(folder);
}

// A module on top of the recorded kernel: `typedef int mod_int; void mod_function(struct file *f, mod_int n);`
std::string split_btf(uint32_t first_id, uint32_t strings_begin, uint32_t int_id, uint32_t file_id) {
  const std::string strings = std::string("mod_int") + '\0' + "mod_function" + '\0' + "f" + '\0' + "n" + '\0';
  const auto string_at = [&](std::string_view text) {
    return strings_begin + static_cast<uint32_t>(strings.find(text));
  };
  const uint32_t f = strings_begin + 21, n = strings_begin + 23;
  const std::vector<uint32_t> types = {
      string_at("mod_int"),
      BTF_KIND_TYPEDEF << 24,
      int_id,
      0,
      BTF_KIND_PTR << 24,
      file_id,
      0,
      BTF_KIND_FUNC_PROTO << 24 | 2,
      0,
      f,
      first_id + 1,
      n,
      first_id,
      string_at("mod_function"),
      BTF_KIND_FUNC << 24,
      first_id + 2,
  };
  const uint32_t type_bytes = static_cast<uint32_t>(types.size() * 4);
  const btf_header header = {BTF_MAGIC, BTF_VERSION, 0,          sizeof header,
                             0,         type_bytes,  type_bytes, static_cast<uint32_t>(strings.size())};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char*>(types.data()), type_bytes);
  return bytes + strings;
}

TEST(SplitBtf, ModulesContinueTheKernel) {
  const std::string recorded = std::string(SONDE_TESTS_DIR) + "/snapshots/linux-6.18/btf/vmlinux";
  const auto kernel = Btf::open(recorded);
  ASSERT_TRUE(kernel);
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("sonde-split-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "btf");
  std::filesystem::create_symlink(recorded, folder / "btf/vmlinux");
  std::ofstream(folder / "machine") << "arch x86_64\n";
  std::ifstream file(recorded, std::ios::binary);
  btf_header header{};
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  std::ofstream(folder / "btf/mod", std::ios::binary)
      << split_btf((*kernel)->end_id(), header.str_len, (*kernel)->find("int", kind_bit(BTF_KIND_INT)),
                   (*kernel)->find("file", kind_bit(BTF_KIND_STRUCT)));
  types::TypeContext context;
  const auto view = snapshot_view(context, folder.string());
  ASSERT_TRUE(view);
  const auto function = (*view)->find_function("", "mod_function");
  ASSERT_TRUE(function) << function.error().text();
  EXPECT_EQ(function->module, "mod");
  ASSERT_EQ(function->parameters.size(), 2u);
  EXPECT_EQ(function->parameters[0].c_text + " " + function->parameters[0].name, "struct file * f");
  EXPECT_EQ(function->parameters[0].type->element, (*view)->find_type("struct", "file"));
  EXPECT_EQ(printed(function->parameters[1].type), "int32");
  EXPECT_EQ(printed((*view)->find_type("", "mod_int")), "int32");
  EXPECT_FALSE((*view)->find_function("vmlinux", "mod_function"));
  const auto names = (*view)->btf_functions();
  ASSERT_TRUE(names);
  EXPECT_TRUE(std::binary_search(names->begin(), names->end(), "mod:mod_function"));
  EXPECT_TRUE((*view)->find_function("mod", "mod_function"));
  std::filesystem::remove_all(folder);
}

TEST(LiveKernel, AnswersWhatItCan) {
  types::TypeContext context;
  const auto view = live_view(context);
  EXPECT_GE(view->possible_cpus(), 1u);
  EXPECT_FALSE(view->release().empty());
  if (!view->has_btf()) GTEST_SKIP() << "no BTF here";
  EXPECT_EQ(printed(view->find_type("struct", "task_struct")->c_record->find("comm").back()->type), "string[16]");
  const auto path = view->tracepoint_format("..", "x");
  EXPECT_EQ(path.error().code, ENOENT);
}

}  // namespace
}  // namespace sonde::kernel
