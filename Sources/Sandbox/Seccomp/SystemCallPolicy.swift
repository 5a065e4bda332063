/// What a step may ask of the kernel. Everything that is not named here does not exist for it (`ENOSYS`), so that
/// programs fall back to what they did before a newer call came.
package enum SystemCallPolicy {
    /// Allowed whatever the arguments.
    package static let allowed = names(
        """
        accept accept4 access adjtimex alarm arch_prctl bind brk cachestat capget capset chdir chmod chown
        chroot clock_getres clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup
        dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
        epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate
        fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr file_getattr file_setattr
        flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue
        futex_wait futex_waitv futex_wake futimesat get_mempolicy get_robust_list get_thread_area getcpu getcwd
        getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid
        getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt
        gettid gettimeofday getuid getxattr getxattrat inotify_add_watch inotify_init inotify_init1
        inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit ioctl ioprio_get
        ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link
        linkat listen listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lsm_get_self_attr
        lsm_list_modules lstat madvise map_shadow_stack mbind membarrier memfd_create mincore mkdir mkdirat
        mknod mknodat mlock mlock2 mlockall mmap mprotect mq_getsetattr mq_notify mq_open mq_timedreceive
        mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
        name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2
        pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease
        process_vm_readv process_vm_writev pselect6 ptrace pwrite64 pwritev pwritev2 read readahead readlink
        readlinkat readv recvfrom recvmmsg recvmsg remap_file_pages removexattr removexattrat rename renameat
        renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
        rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max
        sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
        sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield
        seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto set_mempolicy
        set_mempolicy_home_node set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid
        setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid
        setsockopt setuid setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4
        splice stat statfs statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time
        timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime
        timerfd_settime times tkill truncate umask uname unlink unlinkat utime utimensat utimes vfork wait4
        waitid write writev
        """)

    /// Refused with `EPERM`: what reaches beyond a container or has been the way out of one. Programs that try these
    /// expect a refusal and cope with it, better than with a call that does not exist.
    package static let refused = names(
        """
        _sysctl acct add_key bpf clock_adjtime clock_settime create_module delete_module fanotify_init
        fanotify_mark finit_module fsconfig fsmount fsopen fspick get_kernel_syms init_module io_uring_enter
        io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl listmount
        lookup_dcookie lsm_set_self_attr memfd_secret migrate_pages mount mount_setattr move_mount move_pages
        nfsservctl open_by_handle_at open_tree open_tree_attr perf_event_open pidfd_getfd pivot_root
        process_madvise query_module quotactl quotactl_fd reboot request_key setdomainname sethostname setns
        settimeofday statmount swapoff swapon sysfs syslog umount2 unshare uselib userfaultfd ustat vhangup
        """)

    /// Flags of clone(2) that make namespaces; refused with `EPERM`. clone3(2), whose flags lie in memory where a filter
    /// cannot see them, does not exist, and C libraries fall back to clone(2).
    package static let namespaceFlags: UInt32 = 0x7e02_0000

    /// Execution domains of personality(2): Linux, with or without 32-bit addresses, and the query. Others, one of which
    /// turns address randomisation off, get `EPERM`.
    package static let personalities: [UInt32] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff]

    /// Address families of socket(2): local, IPv4, IPv6, netlink. Others, of which AF_ALG and AF_VSOCK are no part of a
    /// network namespace, get `EAFNOSUPPORT`.
    package static let addressFamilies: [UInt32] = [1, 2, 10, 16]

    /// Protocols of netlink sockets: routes and addresses, and device events. Others, of which netfilter has been a
    /// way into the kernel and audit is not ours, get `EPROTONOSUPPORT`.
    package static let netlinkProtocols: [UInt32] = [0, 15]

    private static func names(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
