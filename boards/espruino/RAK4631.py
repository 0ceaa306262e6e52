#!/bin/false
# RAK WisBlock Core RAK4631 (nRF52840 + SX1262) as a board of Espruino, for MeshCore Room.
#
# Copy this file into boards/ of an Espruino checkout and build it there as README_Building.md of that checkout says.
# Pin n is P0.n, pin 32+n is P1.n.
#
# Flash, 4 KB pages. Nothing of this build reaches into what the board's own bootloader keeps.
#   0x00000  MBR and SoftDevice S140 6.1.1, what RAK ships
#   0x26000  engine, up to 488 KB
#   0xA0000  Storage, 77 pages: boot code, settings, rooms
#   0xED000  free for MeshCore's own file system, so that going back to MeshCore finds its identity again
#   0xF2000  two pages for the SoftDevice's bonds, which the engine puts right below the bootloader
#   0xF4000  UF2 bootloader and its settings

import pinutils

PAGE = 4096
ENGINE_START = 0x26000
STORAGE_START = 0xA0000
STORAGE_END = 0xED000

info = {
  "name": "RAK WisBlock RAK4631",
  "link": ["https://docs.rakwireless.com/product-categories/wisblock/rak4631/overview/"],
  "default_console": "EV_USBSERIAL",
  # 14 bytes each; what then is left of 256 KB is stack and the SoftDevice.
  "variables": 14000,
  "binary_name": "espruino_%v_rak4631.uf2",
  "build": {
    "optimizeflags": "-Os",
    # The SoftDevice writes the flash, so Bluetooth is in the image whether it is used or not.
    "libraries": ["BLUETOOTH", "CRYPTO", "SHA256", "SHA512", "AES", "JIT"],
    "makefile": [
      "NRF_SDK15=1",  # the SDK whose SoftDevice is S140 6.1.1
      "DEFINES += -DNRF_USB=1 -DUSB",
      "DEFINES += -DESPR_LSE_ENABLE",  # 32.768 kHz crystal on P0.00 and P0.01
      "DEFINES += -DCONFIG_GPIO_AS_PINRESET",
      "DEFINES += -DCONFIG_NFCT_PINS_AS_GPIOS",  # P0.09 and P0.10 are WB_IO5 and WB_IO6
      "DEFINES += -DESPR_HAS_BOOTLOADER_UF2",
      'DEFINES += -DBLUETOOTH_NAME_PREFIX="RAK4631"',
      # An attribute of 131 bytes, and where RAM begins above a SoftDevice set up for it.
      "DEFINES += -DNRF_SDH_BLE_GATT_MAX_MTU_SIZE=131",
      "LDFLAGS += -Xlinker --defsym=LD_APP_RAM_BASE=0x2ec0",
    ],
  },
}

chip = {
  "part": "NRF52840",
  "family": "NRF52",
  "package": "AQFN73",
  "ram": 256,
  "flash": 1024,
  "speed": 64,
  "usart": 2,
  "spi": 1,
  "i2c": 2,
  "adc": 1,
  "dac": 0,
  "saved_code": {
    "address": STORAGE_START,
    "page_size": PAGE,
    "pages": (STORAGE_END - STORAGE_START) // PAGE,
    "flash_available": (STORAGE_START - ENGINE_START) // 1024,
  },
}

# No BTN1: the module has no button, and a pin that happens to be low would keep the boot code from running.
devices = {
  "LED1": {"pin": "D35"},  # green
  "LED2": {"pin": "D36"},  # blue
}

board = {}

# AIN0 to AIN7 of the chip.
ANALOG = [2, 3, 4, 5, 28, 29, 30, 31]


def get_pins():
  pins = pinutils.generate_pins(0, 47)
  for pin in pins:
    pin["functions"]["3.3"] = 0
  for channel, number in enumerate(ANALOG):
    pinutils.findpin(pins, "PD%d" % number, True)["functions"]["ADC1_IN%d" % channel] = 0
  return pins
