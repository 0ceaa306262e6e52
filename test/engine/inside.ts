// What runs inside an engine: the chip model under the bundle, and a list of steps. Plain JavaScript in the engines' subset.

/** Stands in front of everything on Espruino: what Linux builds lack or do otherwise than a board. */
export const ESPRUINO_PRELUDE = `
var S=require("Storage"),OUT="",PORT=null,RX=null;
function P(n){this.n=n;}
P.prototype.toString=function(){return this.n;};
global.Pin=P;
function take(d){d.setup=function(){};d.on=function(e,f){RX=f;};d.removeAllListeners=function(){};d.write=function(s){OUT+=s;};}
PORT={};take(PORT);take(USB);
take(Serial1);
if(typeof Serial2=="undefined")global.Serial2=PORT;else take(Serial2);
E.setConsole=function(){};
function emit(s){print(s);}
function slice(at,n){return S.read("steps",at,n);}
function UNREAD(){}
function mem(){return process.memory();}
`;

/** The same for JerryScript, which has none of these. Timers are virtual: \`run()\` jumps from one to the next. */
export const JERRY_PRELUDE = `
var OUT="",RX=null,NOW=0,Q=[],NEXT=1,global=globalThis;
function setTimeout(f,ms){Q.push({at:NOW+(ms>0?ms:0),f:f,id:NEXT});return NEXT++;}
function clearTimeout(id){for(var i=0;i<Q.length;i++)if(Q[i].id===id){Q.splice(i,1);return;}}
function getTime(){NOW+=0.02;return NOW/1000;}
function run(){while(Q.length&&!DONE){var b=0;for(var i=1;i<Q.length;i++)if(Q[i].at<Q[b].at)b=i;var t=Q.splice(b,1)[0];if(t.at>NOW)NOW=t.at;t.f();}}
function Pin(n){this.n=n;}
Pin.prototype.toString=function(){return this.n;};
var PORT={setup:function(){},on:function(e,f){RX=f;},removeAllListeners:function(){},write:function(s){OUT+=s;}};
var USB=PORT,Serial1=PORT,Serial2=PORT,SPI1={},I2C1={setup:function(){},writeTo:function(){},readFrom:function(a,n){return new Uint8Array(n);}};
function digitalRead(){return 0;}function digitalWrite(){}function pinMode(){}function setWatch(){return 1;}
var E={setConsole:function(){},reboot:function(){}};
var process={env:{BOARD:"LINUX",VERSION:"jerry"},memory:function(){return{free:0,total:0};}};
function require(m){if(m==="crypto")return{};return{read:function(){return undefined;}};}
var B="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
function btoa(s){var o="";for(var i=0;i<s.length;i+=3){var n=s.charCodeAt(i)<<16|(s.charCodeAt(i+1)||0)<<8|(s.charCodeAt(i+2)||0);
o+=B[n>>18]+B[n>>12&63]+(i+1<s.length?B[n>>6&63]:"=")+(i+2<s.length?B[n&63]:"=");}return o;}
function emit(s){print(s);}
var LINE=0;
function UNREAD(){LINE--;}
function slice(){return LINE<STEPS.length?STEPS[LINE++]+"\\n":"";}
function mem(){return{free:0,total:0,usage:0};}
`;

/**
 * Goes through the steps, one a line: "C text" types a console line and prints the answer in base64, "F rssi snr hex" lets the
 * chip hear a frame, "X" prints every frame sent so far, "M label" prints memory, "D ms" waits, "P" prints the chip's violations.
 * Where the engine counts instructions, each frame's handler is measured: all, and of it what the chip model took.
 */
export const STEP_RUNNER = `
var DONE=0,AT=0,GAP=20,COUNTS=typeof instructions==="function",COST=0,CHIP=0,CALLS=0,OFCHIP=0,OFCALLS=0,MESH=0,AGAIN=0,QUIET=0;
function bytesOf(h){var u=new Uint8Array(h.length/2);for(var i=0;i<u.length;i++)u[i]=parseInt(h.substr(2*i,2),16);return u;}
function hexOf(u){var s="";for(var i=0;i<u.length;i++)s+=(u[i]<16?"0":"")+u[i].toString(16);return s;}
function idle(then){if(H.chip.dio1()){setTimeout(function(){idle(then);},1);}else setTimeout(then,5);}
// The board answers line by line, and the plain Linux build reads its code from a file, 16 bytes at a time.
function quiet(then){var n=OUT.length;setTimeout(function(){if(OUT.length!==n||OUT.indexOf("->")<0&&QUIET++<20)quiet(then);else{QUIET=0;then();}},300);}
function step(){
 var line=slice(AT,620),end=line.indexOf("\\n");
 if(end<0){DONE=1;FINISH();return;}
 line=line.substr(0,end);AT+=end+1;
 var kind=line.charAt(0),rest=line.substr(2);
 if(kind==="C"){OUT="";RX(rest+"\\r");quiet(function(){emit("C "+btoa(OUT));OUT="";step();});}
 else if(kind==="F"){var p=rest.split(" ");COST=0;CHIP=0;CALLS=0;MESH=0;
  if(!H.receive(bytesOf(p[2]),parseFloat(p[0]),parseFloat(p[1]))){
   // Between two receptions for a moment: a frame has a preamble to wait through. A tenth of a second is deaf.
   if(AGAIN++>50){emit("DEAF");AGAIN=0;}else{AT-=end+1;UNREAD();setTimeout(step,2);return;}}
  AGAIN=0;
  setTimeout(function(){idle(function(){if(COUNTS)emit("I "+(p[3]||"-")+" "+COST+" "+OFCHIP+" "+OFCALLS+" "+MESH);step();});},GAP);}
 else if(kind==="X"){var s=H.sent;for(var i=0;i<s.length;i++)emit("X "+hexOf(s[i]));step();}
 else if(kind==="M"){emit("M "+rest+" "+JSON.stringify(mem()));step();}
 else if(kind==="P"){emit("P "+H.chip.violations.length+" "+H.chip.violations.join("; "));step();}
 else setTimeout(step,parseFloat(rest));
}
`;

/** After the bundle has loaded: measures its mesh apart from its radio driver, from the packet to the ring. */
export const MESH_COUNTER = `
if(COUNTS){
 var heard=meshcore.mesh.onPacket;
 meshcore.mesh.onPacket=function(b,a,n){var t=instructions();heard.call(meshcore.mesh,b,a,n);MESH=instructions()-t;};
}
`;

/** Measures the bundle's handler and what of it the chip model took; only where \`instructions()\` exists. */
export const COUNTERS = `
if(COUNTS){
 // What counting itself costs at each call, so that it can be taken out again.
 var tick=function(d){var a=instructions(),r=d;CALLS++;CHIP+=instructions()-a;return r;};
 for(var i=0;i<2;i++){CHIP=0;var t0=instructions();tick(i);tick(i);tick(i);tick(i);t0=instructions()-t0-CHIP;}
 emit("O "+Math.round(t0/4));
 var send0=SPI1.send,write0=SPI1.write,read0=digitalRead,watch0=setWatch;
 SPI1.send=function(d,n){var a=instructions(),r=send0(d,n);CALLS++;CHIP+=instructions()-a;return r;};
 SPI1.write=function(d,n){var a=instructions();write0(d,n);CALLS++;CHIP+=instructions()-a;};
 global.digitalRead=function(p){var a=instructions(),r=read0(p);CALLS++;CHIP+=instructions()-a;return r;};
 global.setWatch=function(f,p,o){return watch0(function(e){CHIP=0;CALLS=0;var a=instructions();f(e);a=instructions()-a;if(a>COST){COST=a;OFCHIP=CHIP;OFCALLS=CALLS;}},p,o);};
}
`;
