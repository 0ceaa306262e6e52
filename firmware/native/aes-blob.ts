// Made by build.mjs from aes.c with arm-none-eabi-gcc 12.2.1. Run it again instead of editing this file.

/** Thumb-2 code for the Cortex-M4, 756 bytes in base64; it runs at any address that is a multiple of four. */
export const AES_BLOB =
  "wwkbIgPwATNAAFNDAPD+MFhAcEcItQFG//fy/0/qMWOD6jFDQ0BIQIPqMCAIvcPzB0PC8wciw1yCXMmyGwRD6gIjQlwTQ534AyCAXEPqAGBwRy3p8E8FHv2wEKweRrS/AyMBIwOTC2gjYEto3/h4sWNgi2ijYMtoApLjYCdGT/ABCE/wBAn7RBnwAw/5aLpGDdFP6jEjGUYAkxpGWEb/98b/gOoIAUBG//eq/4BG2vgAMAQ3CfEBCUtAufEsD/tg4tEALYDyi4BISQAjeUQ8qhH4AQsTVAEzs/WAf/jRxfEACgWSAC20v6AjACMjRASTtL9v8A8DECMGkwivDfEwCFHgCKkAIwKaBJjSWMBYBDNCQBArQfgEK/XR3fgQsE/wAQkGmwAkm0QDmQOaBZhhGgHwAwGjHCJEV/ghEACRA/ADAwLwAwJX+CQQV/gjMFf4IiD/92z/AC1b+CQQL9u58QoPJtFBQEj4JBABNAQs29EJ8QEJ2PgAANj4BBDY+Agg2PgMMDhgufELD3lgumD7YMfR82ACmzBgEDNxYLJgCvH/OgKTEDa68QAPqtF9sL3o8I8Hkf/3Lv8HmUFA0+e58QoPgeoAAc7QgeoxQP/3GP//9xb/SED/9x3/AUbD5wRLe0SqRgWTfedqAQAAJAEAABAAAABjfHd78mtvxTABZyv+16t2yoLJffpZR/Ct1KKvnKRywLf9kyY2P/fMNKXl8XHYMRUExyPDGJYFmgcSgOLrJ7J1CYMsGhtuWqBSO9azKeMvhFPRAO0g/LFbasu+OUpMWM/Q76r7Q00zhUX5An9QPJ+oUaNAj5KdOPW8ttohEP/z0s0ME+xfl0QXxKd+PWRdGXNggU/cIiqQiEbuuBTeXgvb4DI6CkkGJFzC06xikZXkeefIN22N1U6pbFb06mV6rgi6eCUuHKa0xujddB9LvYuKcD61ZkgD9g5hNVe5hsEdnuH4mBFp2Y6Umx6H6c5VKN+MoYkNv+ZCaEGZLQ+wVLsW";

/** Where aes() starts in it; the lowest bit says that it is Thumb code. */
export const AES_ENTRY = 83;
