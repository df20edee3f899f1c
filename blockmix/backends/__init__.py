"""Where maps are drawn and blocks are moved: on the CPU, on a GPU, or by way of one."""
